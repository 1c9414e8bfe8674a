"""feature: clean bars -> features and the signal. One asset a strategy."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue


def feature_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    return [
        stage_asset(
            dg.AssetKey(["feature", unit.name]),
            [unit],
            [dg.AssetKey(["clean", unit.dataset.name])],
            about(unit, ("pandas", "deltalake")),
        )
        for unit in units(catalogue, "feature")
    ]
