"""The job `backtest_batch`: one run is one batch, from the launchpad; `cws backtest` calls the same function."""

import base64
import time
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from assets.desk import desk_of
from assets.highlights import markdown
from cws.batch.run import Ask, Batch, Progress, run_batch
from cws.strategies import catalogue
from cws.views.batch_run import SHOWN, BatchShown, show_batch

# A batch may take a day; it is resumed, so a retry of the whole run repeats nothing.
TAGS = {"dagster/max_runtime": "86400"}
SAID_EVERY_S = 10.0


class BatchConfig(dg.Config):
    """What the launchpad asks for."""

    recipe: str = Field(description="a strategy, a sweep of strategies/sweeps, or a TOML's path")
    grid: str = Field("", description="reversal_5d.window_bars=3..10 by 1, cost_bps=1 5 10; a sweep has its own")
    heat: str = Field("", description="two settings of the grid for the heat map; the first two that vary")
    max_sets: int = Field(0, ge=0, description="refuse a larger grid; 0 for the recipe's own limit")
    processes: int = Field(0, ge=0, le=256, description="worker processes; 0 for all cores")


def _said(context: dg.OpExecutionContext) -> Progress:
    said_s = [0.0]

    def progress(done: int, total: int, rate: float, left_s: float) -> None:
        if rate and (done == total or time.monotonic() - said_s[0] > SAID_EVERY_S):
            said_s[0] = time.monotonic()
            context.log.info(f"{done:,} of {total:,} sets, {rate:,.1f} a second, {left_s:,.0f} s to go")

    return progress


def batch_metadata(batch: Batch, shown: BatchShown) -> dict[str, Any]:
    """Rows, rate, the three sets as a table, the heat map, and where MLflow shows it all."""
    body, measured = batch.body, batch.body["measured"]
    rows = [
        (name, body[name]["set"], body[name]["symbol"], body[name]["parameters"], body[name]["sharpe_per_bar"])
        for name in SHOWN
        if name in body
    ]
    found: dict[str, Any] = {
        "dagster/row_count": body["sets"],
        "batch": body["batch"],
        "computed_now": batch.now,
        "sets": markdown(("set", "number", "symbol", "parameters", "Sharpe per bar"), rows) if rows else "no figures",
        "distinct_trials": body["trials"],
        "rows_hash": body["rows_hash"],
    }
    figures = {
        "backtests_per_second": measured["per_second"],
        "backtests_per_day": measured["per_day"],
        "deflated_sharpe_of_the_best": body["best_in_full"].get("deflated_sharpe"),
    }
    found |= {name: float(value) for name, value in figures.items() if value is not None}
    judges = [(judge, name, value) for judge, said in body["judges"].items() for name, value in said.items()]
    if judges:
        found["judges"] = markdown(("judge", "statistic", "value"), judges)
    if shown.heat_path:
        drawn = base64.b64encode(Path(shown.heat_path).read_bytes()).decode()
        found["heat_map"] = dg.MetadataValue.md(f"![heat map](data:image/png;base64,{drawn})")
    told = {"mlflow_run": shown.page, "views_warning": shown.warning}
    return found | {name: value for name, value in told.items() if value}


@dg.op(name="backtests", description="Every set of a grid, each a counted trial.", required_resource_keys={"desk"})
def backtests_op(context: dg.OpExecutionContext, config: BatchConfig) -> dg.Output[dict[str, Any]]:
    """One batch; its rows are in the lake and its figures in the metadata."""
    desk = desk_of(context)
    ask = Ask(config.recipe, config.grid, config.heat, config.max_sets or None, config.processes or None)
    batch = run_batch(desk.house, catalogue(desk.folder), ask, _said(context))
    return dg.Output(batch.body, metadata=batch_metadata(batch, show_batch(desk.house, batch, desk.views)))


@dg.job(
    name="backtest_batch",
    description="Many backtests of one recipe over a grid of settings: one run, one batch. An interrupted one goes on.",
    tags=TAGS,
    executor_def=dg.in_process_executor,
)
def backtest_batch() -> None:
    backtests_op()
