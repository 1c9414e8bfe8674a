"""The one code location of `workspace.yaml`, and the one place that reads the environment at import."""

from assets.desk import desk_resource
from cws.home import settings
from cws.strategies import catalogue
from cws_dagster.lineage import build

defs = build(catalogue(settings().strategies), desk_resource)
