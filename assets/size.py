"""size: the same sizing chain, then account-dependent caps and lots -> targets. One asset a strategy."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue

KINDS = ("pandas", "deltalake")


def size_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    found = units(catalogue, "size")
    return [stage_asset(unit, [dg.AssetKey(["backtest", unit.name])], about(unit, KINDS)) for unit in found]
