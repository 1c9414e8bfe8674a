"""backtest: the signal, sized over history, through the engine, opened as a counted trial. One asset a strategy."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue


def backtest_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    return [
        stage_asset(
            dg.AssetKey(["backtest", unit.name]),
            [unit],
            [dg.AssetKey(["feature", unit.name])],
            about(unit, ("numpy", "deltalake")),
        )
        for unit in units(catalogue, "backtest")
    ]
