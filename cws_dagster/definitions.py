"""The one code location of `workspace.yaml`, and the one place that reads the environment at import."""

from assets.desk import desk_resource
from cws.ablation.shipping import settle_first
from cws.home import settings
from cws.house import open_house
from cws.strategies import catalogue
from cws_dagster.lineage import build

chosen = settings()
# Jobs are composed with the values that modules' TOMLs hold now, and each run in a process that comes by here.
settle_first(open_house(chosen), "Dagster's code location")
defs = build(catalogue(chosen.strategies), desk_resource)
