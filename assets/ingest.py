"""ingest: vendor bytes -> raw bars, sessions and instruments in the lake. One asset a dataset."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue

KINDS = ("python", "parquet")


def ingest_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    found = units(catalogue, "ingest")
    return [stage_asset(unit, [], about(unit, KINDS)) for unit in found]
