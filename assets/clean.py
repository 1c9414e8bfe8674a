"""clean: raw bars -> `ohlcv`, refused rows -> quarantine. One asset a dataset."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue

KINDS = ("pandas", "deltalake")


def clean_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    found = units(catalogue, "clean")
    return [stage_asset(unit, [dg.AssetKey(["ingest", unit.dataset.name])], about(unit, KINDS)) for unit in found]
