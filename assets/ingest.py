"""ingest: vendor bytes -> raw bars, sessions and instruments in the lake. One asset a dataset."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue


def ingest_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    return [
        stage_asset(dg.AssetKey(["ingest", unit.name]), [unit], [], about(unit, ("python", "parquet")))
        for unit in units(catalogue, "ingest")
    ]
