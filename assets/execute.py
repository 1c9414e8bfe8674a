"""execute: targets -> orders -> checks -> fills -> positions. One asset a strategy, and the book over all of them."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.describing import about, about_book
from assets.desk import desk_of
from assets.showing import book_metadata
from assets.wiring import asset_key, stage_asset
from cws.publish import last_report
from cws.stages import Unit, units
from cws.strategies import Catalogue
from modules.canonical import combined_hash

BOOK = dg.AssetKey(["execute", "book"])
KINDS = ("pandas", "deltalake")


def execute_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    parts = units(catalogue, "execute")
    return [
        *(stage_asset(unit, [dg.AssetKey(["size", unit.name])], about(unit, KINDS)) for unit in parts),
        _book(parts),
    ]


def _book(parts: Sequence[Unit]) -> dg.AssetsDefinition:
    """What every strategy last executed, side by side; it commits nothing of its own."""
    words = about_book(parts)

    @dg.asset(
        key=BOOK,
        deps=[asset_key(unit) for unit in parts],
        group_name="execute",
        description=words.description,
        owners=[words.owner],
        kinds=set(words.kinds),
        required_resource_keys={"desk"},
    )
    def book(context: dg.AssetExecutionContext) -> Any:
        desk = desk_of(context)
        reports = [last_report(desk.house, unit) for unit in parts]
        version = combined_hash({report.unit: report.data_version for report in reports})
        return dg.MaterializeResult(metadata=book_metadata(desk, reports), data_version=dg.DataVersion(version))

    return book
