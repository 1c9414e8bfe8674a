"""A job a strategy, one a venue calendar for the night, and one for everything. Each is one run in one process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

from cws.strategies import Catalogue, Strategy
from cws_dagster.schedules import calendar_name

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

# Ops hand tables on in memory, so a retry starts from the beginning, never from the failed op.
TAGS = {"dagster/retry_strategy": "ALL_STEPS", "dagster/max_runtime": "3600"}


def selection(strategies: Iterable[Strategy]) -> dg.AssetSelection:
    """The strategies' own lines, dataset to targets; the book is not among them, for it needs every strategy."""
    keys = [key for s in strategies for key in _keys(s)]
    return dg.AssetSelection.assets(*(dg.AssetKey(list(key)) for key in dict.fromkeys(keys)))


def _keys(strategy: Strategy) -> list[tuple[str, str]]:
    dataset = [("ingest", strategy.dataset), ("clean", strategy.dataset)]
    return dataset + [(stage, strategy.name) for stage in ("feature", "backtest", "size")]


def all_jobs(chosen: Catalogue) -> dict[str, AssetJob]:
    """Jobs by name."""
    wanted = {strategy.name: ([strategy], strategy.title) for strategy in chosen.strategies.values()}
    for strategy in chosen.strategies.values():
        calendar = chosen.dataset_of(strategy).instruments.calendar
        name = f"nightly_{calendar_name(calendar)}"
        wanted[name] = ([*wanted.get(name, ([], ""))[0], strategy], f"Every strategy on {calendar}, after its session.")
    jobs = {
        name: dg.define_asset_job(f"{name}_job", selection(strategies), description=title, tags=TAGS)
        for name, (strategies, title) in wanted.items()
    }
    return {
        **jobs,
        "all": dg.define_asset_job(
            "all_job", dg.AssetSelection.all(), description="Every strategy, and the book.", tags=TAGS
        ),
    }
