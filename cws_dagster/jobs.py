"""A job a strategy, one a venue calendar for the night, and one for everything. Each is one run in one process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from assets.findings import GROUP
from cws.strategies import Catalogue, Strategy
from cws_dagster.schedules import calendar_name

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

# Ops hand tables on in memory, so a retry starts from the beginning, never from the failed op.
# The loop looks at what the strategies' runs left, so it is no part of them.
LOOP = dg.AssetSelection.groups(GROUP)
TAGS = {"dagster/retry_strategy": "ALL_STEPS", "dagster/max_runtime": "3600"}


def keys_of(strategies: Sequence[Strategy]) -> list[dg.AssetKey]:
    """The strategies' own lines, dataset to fills; the book is not among them, for it needs every strategy."""
    stages = [(s.dataset, ("ingest", "clean")) for s in strategies]
    stages += [(s.name, ("feature", "backtest", "size", "execute")) for s in strategies]
    return [dg.AssetKey(key) for key in dict.fromkeys((stage, name) for name, of in stages for stage in of)]


def all_jobs(chosen: Catalogue) -> dict[str, AssetJob]:
    """Jobs by name."""
    wanted = {strategy.name: ([strategy], strategy.title) for strategy in chosen.strategies.values()}
    for strategy in chosen.strategies.values():
        calendar = chosen.dataset_of(strategy).instruments.calendar
        name = f"nightly_{calendar_name(calendar)}"
        wanted[name] = ([*wanted.get(name, ([], ""))[0], strategy], f"Every strategy on {calendar}, after its session.")
    jobs = {
        name: dg.define_asset_job(
            f"{name}_job", dg.AssetSelection.assets(*keys_of(strategies)), description=title, tags=TAGS
        )
        for name, (strategies, title) in wanted.items()
    }
    return {
        **jobs,
        "all": dg.define_asset_job(
            "all_job", dg.AssetSelection.all() - LOOP, description="Every strategy, and the book.", tags=TAGS
        ),
    }
