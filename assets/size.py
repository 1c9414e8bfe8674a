"""size: the same sizing chain, then account-dependent caps and lots -> targets. One asset a strategy."""

import dagster as dg

from assets.describing import about
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue


def size_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    return [
        stage_asset(
            dg.AssetKey(["size", unit.name]),
            [unit],
            [dg.AssetKey(["backtest", unit.name])],
            about(unit, ("pandas", "deltalake")),
        )
        for unit in units(catalogue, "size")
    ]
