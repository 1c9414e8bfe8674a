"""feature: clean bars -> features and the signal. One asset a strategy."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue

KINDS = ("pandas", "deltalake")


def feature_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    found = units(catalogue, "feature")
    return [stage_asset(unit, [dg.AssetKey(["clean", unit.dataset.name])], about(unit, KINDS)) for unit in found]
