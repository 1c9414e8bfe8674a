"""clean: raw bars -> `ohlcv`, refused rows -> quarantine. One asset a dataset."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue


def clean_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    return [
        stage_asset(
            dg.AssetKey(["clean", unit.name]),
            [unit],
            [dg.AssetKey(["ingest", unit.dataset.name])],
            about(unit, ("pandas", "deltalake")),
        )
        for unit in units(catalogue, "clean")
    ]
