"""backtest: the signal, sized over history, through the engine, opened as a counted trial. One asset a strategy."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue

KINDS = ("numpy", "deltalake")


def backtest_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    found = units(catalogue, "backtest")
    return [stage_asset(unit, [dg.AssetKey(["feature", unit.name])], about(unit, KINDS)) for unit in found]
