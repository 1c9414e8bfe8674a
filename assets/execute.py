"""execute: targets -> orders -> checks -> fills -> positions. One asset, the book, over every strategy."""

import dagster as dg

from assets.describing import about_book
from assets.wiring import stage_asset
from cws.stages import units
from cws.strategies import Catalogue

BOOK = dg.AssetKey(["execute", "book"])


def execute_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    parts = units(catalogue, "execute")
    return [stage_asset(BOOK, parts, [dg.AssetKey(["size", unit.name]) for unit in parts], about_book(parts))]
