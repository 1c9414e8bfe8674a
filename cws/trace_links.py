"""What a trace hangs together with: the Dagster run, the ledger's `stage` entry, the trial, the MLflow run.

A trace is written when its run ends and its links are known later: they are looked up, never stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cws.house import House
from cws.ledger.entry import Entry
from cws.views.mlflow_run import find_run


@dataclass(frozen=True)
class Links:
    """None where there is nothing: a unit that was not published has no entry, a dataset has no trial."""

    dagster_run: str
    ledger_index: int | None
    trial: str | None
    trial_ledger_index: int | None
    mlflow_run: str | None
    mlflow_page: str | None


def published_by(house: House) -> dict[tuple[str, str, str], Entry]:
    """(run, stage, unit) -> the `stage` entry with which that run published that unit."""
    entries = house.ledger.entries("stage")
    return {(str(e.body.get("run_id")), str(e.body["stage"]), str(e.body.get("unit"))): e for e in entries}


def links(house: House, trace: Mapping[str, object], published: Mapping[tuple[str, str, str], Entry]) -> Links:
    """The links of one row of `module_traces`; MLflow is asked only where the home has one."""
    run, unit = str(trace["run_id"]), str(trace["strategy"])
    entry, backtest = published.get((run, str(trace["unit_stage"]), unit)), published.get((run, "backtest", unit))
    trial = None if backtest is None else str(backtest.body["key"])
    shown = None if trial is None else find_run(house.home, unit, trial)
    return Links(
        dagster_run=run,
        ledger_index=None if entry is None else entry.index,
        trial=trial,
        trial_ledger_index=None if backtest is None else backtest.index,
        mlflow_run=None if shown is None else shown.run_id,
        mlflow_page=None if shown is None else shown.page,
    )
