"""One unit's way through its chain: open the pinned inputs, then step through the modules; `cws.publish` ends it.

Publishing is atomic for readers: the ledger's `stage` entry names the pins, and only pins named there are read by the
next stage. A crash between two commits leaves the previous publication in force.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from cws.environment import code_hash
from cws.execution.desk import Progress, executed, silent, submission
from cws.house import House
from cws.instruments import instruments_table
from cws.lake.commits import Pin
from cws.pins import open_pins
from cws.sources import keep, locate, read
from cws.stages import Unit
from cws.strategies import Strategy
from cws.traces import Gathered
from cws.trials import Task, prior_sharpes
from modules.canonical import json_hash
from modules.errors import CwsError
from modules.runner import Trace, Value, run
from modules.sealed import Sealed
from modules.settings import Bound
from modules.tables import PRIOR_TRIALS
from modules.values import Table, make_table

# Execution on paper is a backtest too: its settings are part of what was asked.
TESTED_STAGES = ("feature", "size", "backtest", "execute")


@dataclass(frozen=True)
class Flow:
    """The state between two modules; immutable, so a step can be looked at by its checks while the next waits."""

    unit: Unit
    run_id: str
    pins: Mapping[str, Pin]
    tables: Mapping[str, Value]
    traces: tuple[Trace, ...] = ()
    refused: tuple[pd.DataFrame, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict[str, object])  # what the ledger says of it besides


def open_flow(house: House, unit: Unit, folder: Path, run_id: str, pins: Mapping[str, Pin] | None = None) -> Flow:
    """The unit's inputs, verified: raw bytes for ingest (kept as they came), pinned tables for every other stage."""
    if unit.stage == "ingest":
        raw = read(locate(unit.dataset.source, folder / "datasets"))
        with house.home.writing(f"ingest of {unit.name}", house.lock_wait_s):
            keep(raw, unit.name, house.home.raw, house.ledger)
        return Flow(unit, run_id, {}, {"raw": raw})
    pins = open_pins(house, unit) if pins is None else pins
    tables: dict[str, Value] = {name: Table(house.lake.read(pin), pin.hash, name) for name, pin in pins.items()}
    if unit.stage == "backtest":
        prior = prior_sharpes(house.lake, house.ledger, unit.name, task(unit, pins, {}).key)
        tables["prior_trials"] = make_table(prior, PRIOR_TRIALS, "trials")
    if unit.stage == "execute":
        tables["submission"] = submission(house, unit, pins)
    return Flow(unit, run_id, pins, tables)


def step(house: House, flow: Flow, bound: Bound, progress: Progress = silent) -> Flow:
    """Run one module; its trace waits with the house's others until the run ends (`cws.trace_log.tracing`).

    Where it gives parent orders they go to the gateway, and what came back is there for the next module.
    """
    outcome = run(bound, flow.tables)
    traces = (*flow.traces, outcome.trace)
    house.traces.add(Gathered(outcome.trace, flow.run_id, flow.unit.name, flow.unit.stage, house.clock_ns()))
    if outcome.failure is not None:
        raise _placed(outcome.failure, flow.unit)
    refused = flow.refused
    if isinstance(lost := outcome.outputs.get("refused"), Table) and lost.rows:
        refused = (
            *refused,
            lost.frame.assign(stage=flow.unit.stage, module=bound.module.name).astype(
                {"stage": "str", "module": "str"}
            ),
        )
    tables = {**flow.tables, **outcome.outputs, **_derived(flow.unit, outcome.outputs)}
    details = flow.details
    if isinstance(parents := outcome.outputs.get("parents"), Table):
        told = executed(house, flow.unit.name, parents, _newest_bar_ns(tables), progress)
        tables, details = {**tables, "executions": told.executions}, {**details, **told.details}
    return replace(flow, tables=tables, traces=traces, refused=refused, details=details)


def _newest_bar_ns(tables: Mapping[str, Value]) -> int:
    bars = tables["bars"]
    assert isinstance(bars, Table) and bars.rows, "parents are due at a bar"
    return int(bars.frame["ts_event"].max())


def _placed(failure: Exception, unit: Unit) -> Exception:
    """A refusal names the file that it is about, or the unit where no file is."""
    place = unit.dataset.source.path if unit.stage == "ingest" else f"{unit.stage} of {unit.name}"
    return failure.within(place) if isinstance(failure, CwsError) else failure


def _derived(unit: Unit, made: Mapping[str, Value]) -> dict[str, Value]:
    """The security master follows from the symbols of the source and what the dataset's TOML says of them."""
    raw_bars = made.get("raw_bars")
    return (
        {"instruments": instruments_table(unit.dataset, raw_bars.frame)}
        if unit.stage == "ingest" and isinstance(raw_bars, Table)
        else {}
    )


def trial_bounds(strategy: Strategy) -> list[Bound]:
    """Every module whose settings a backtest of the strategy was asked with."""
    return [bound for stage in TESTED_STAGES for bound in strategy.bound_chain(stage)]


def trial_settings(bounds: Sequence[Bound]) -> str:
    """The settings' part of a trial's key."""
    return json_hash([[bound.module.name, bound.settings_hash] for bound in bounds])


def task(unit: Unit, pins: Mapping[str, Pin], tables: Mapping[str, Value]) -> Task:
    """The backtest as a trial: what decides its bytes, and its sealed outcome."""
    assert unit.strategy is not None
    bounds = trial_bounds(unit.strategy)
    return Task(
        strategy=unit.name,
        settings_hash=trial_settings(bounds),
        # Features too: those of older settings under today's key would hide a trial.
        data={f"{pin.table}/{pin.part}": pin.hash for pin in pins.values()},
        folds="all",
        code=code_hash(f"{bound.module.stage}/{bound.module.name}" for bound in bounds),
        outcome=lambda: {name: value for name, value in tables.items() if isinstance(value, Sealed)},
    )
