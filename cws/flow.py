"""One unit's way through its chain: open the pinned inputs, step through the modules, publish what came out.

Publishing is atomic for readers: the ledger's `stage` entry names the pins, and only pins named there are read by the
next stage. A crash between two commits leaves the previous publication in force.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from cws.environment import code_hash, commit, environment
from cws.house import House
from cws.instruments import instruments_table
from cws.lake.commits import Pin
from cws.sources import keep, locate, read
from cws.stages import ROWS, Unit, chain, outputs, reads
from cws.traces import trace_rows
from cws.trials import LedgerSink, Task, evaluate, prior_sharpes, statistic
from modules.canonical import combined_hash, json_hash
from modules.errors import CwsError
from modules.runner import Trace, Value, run
from modules.sealed import Sealed
from modules.settings import Bound
from modules.tables import PRIOR_TRIALS
from modules.values import Table, make_table


@dataclass(frozen=True)
class Flow:
    """The state between two modules; immutable, so a step can be looked at by its checks while the next waits."""

    unit: Unit
    run_id: str
    pins: Mapping[str, Pin]
    tables: Mapping[str, Value]
    traces: tuple[Trace, ...] = ()
    refused: tuple[pd.DataFrame, ...] = ()


@dataclass(frozen=True)
class Report:
    """What a unit did: rows that add up, checks, and the pins that it published."""

    stage: str
    unit: str
    rows_in: int
    rows_added: int
    rows_quarantined: int
    rows_out: int
    checks_passed: int
    pins: Mapping[str, Pin]
    details: Mapping[str, object]

    @property
    def data_version(self) -> str:
        """Hash over the content hashes of everything published: equal data, equal version."""
        return combined_hash({name: pin.hash for name, pin in self.pins.items()})


def published(house: House) -> dict[tuple[str, str], Pin]:
    """The pins in force: (table, part) -> the pin that the last `stage` entry named."""
    found: dict[tuple[str, str], Pin] = {}
    for entry in house.ledger.entries("stage"):
        outputs_by_name = entry.body["outputs"]
        assert isinstance(outputs_by_name, dict)
        for pin in outputs_by_name.values():
            found[pin["table"], pin["part"]] = Pin(**pin)
    return found


def open_pins(house: House, unit: Unit) -> dict[str, Pin]:
    """The pins that a unit would read now.

    Raises CWS-STAGE-001 when an upstream stage has not been published.
    """
    in_force = published(house)
    for _, table, part in reads(unit):
        if (table, part) not in in_force:
            raise CwsError(
                "CWS-STAGE-001",
                what=f"{table}/{part} was never published",
                where=f"{unit.stage} of {unit.name}",
                fix="run the stages before it: cws run",
            )
    return {name: in_force[table, part] for name, table, part in reads(unit)}


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
    return Flow(unit, run_id, pins, tables)


def step(house: House, flow: Flow, bound: Bound) -> Flow:
    """Run one module. A failure, or a failed acceptance check, leaves its trace in the lake before it is raised or returned."""
    outcome = run(bound, flow.tables)
    traces = (*flow.traces, outcome.trace)
    if outcome.failure is not None or outcome.trace.failed_checks:
        record_traces(house, replace(flow, traces=traces))
    if outcome.failure is not None:
        raise outcome.failure
    refused = flow.refused
    if isinstance(lost := outcome.outputs.get("refused"), Table) and lost.rows:
        refused = (
            *refused,
            lost.frame.assign(stage=flow.unit.stage, module=bound.module.name).astype(
                {"stage": "str", "module": "str"}
            ),
        )
    return replace(
        flow,
        tables={**flow.tables, **outcome.outputs, **_derived(flow.unit, outcome.outputs)},
        traces=traces,
        refused=refused,
    )


def _derived(unit: Unit, made: Mapping[str, Value]) -> dict[str, Value]:
    """The security master follows from the symbols of the source and what the dataset's TOML says of them."""
    raw_bars = made.get("raw_bars")
    return (
        {"instruments": instruments_table(unit.dataset, raw_bars.frame)}
        if unit.stage == "ingest" and isinstance(raw_bars, Table)
        else {}
    )


def record_traces(house: House, flow: Flow) -> None:
    """Append the flow's traces to the lake: what the supervisor reads."""
    with house.home.writing(f"{flow.unit.stage} of {flow.unit.name}", house.lock_wait_s):
        house.lake.append(
            "traces", flow.unit.part, trace_rows(flow.traces, flow.unit.name, flow.run_id, house.clock_ns())
        )


def task(unit: Unit, pins: Mapping[str, Pin], tables: Mapping[str, Value]) -> Task:
    """The backtest as a trial: what decides its bytes, and its sealed outcome."""
    assert unit.strategy is not None
    stages = ("feature", "size", "backtest")
    bounds = [bound for stage in stages for bound in unit.strategy.bound_chain(stage)]
    return Task(
        strategy=unit.name,
        settings_hash=json_hash([[bound.module.name, bound.settings_hash] for bound in bounds]),
        data={f"{pin.table}/{pin.part}": pin.hash for pin in pins.values() if pin.table == "ohlcv"},
        folds="all",
        code=code_hash(f"{bound.module.stage}/{bound.module.name}" for bound in bounds),
        outcome=lambda: {name: value for name, value in tables.items() if isinstance(value, Sealed)},
    )


def _quarantine(flow: Flow, columns: list[str]) -> pd.DataFrame:
    if not flow.refused:
        text = pd.Series([], dtype="str")
        return pd.DataFrame({name: pd.Series([], dtype="int64") if name == "row" else text for name in columns})
    return pd.concat(flow.refused, ignore_index=True)[columns].sort_values(
        ["source", "row", "symbol"], kind="stable", ignore_index=True
    )


def _refuse_breaks(flow: Flow) -> None:
    """A break that is no unfilled order means that orders, fills and positions disagree: nothing is published."""
    breaks = flow.tables.get("breaks")
    if not isinstance(breaks, Table):
        return
    wrong = breaks.frame[breaks.frame["kind"] != "unfilled"]
    if len(wrong):
        first = wrong.iloc[0]
        raise CwsError(
            "CWS-STAGE-003",
            what=f"{len(wrong)} breaks between orders and fills, first {first['kind']!r} of {first['cl_ord_id']}",
            where=f"{flow.unit.stage} of {flow.unit.name}",
            fix="nothing was published; look at the orders and fills of this run",
        )


def _drift(tables: Mapping[str, Table]) -> int:
    """Symbols whose last position is not the target decided one bar before: refused and lapsed orders are not made up."""
    wanted = tables["targets"].frame.groupby("symbol")["target_lots"].nth(-2).tolist()
    held = tables["positions"].frame.groupby("symbol")["position_lots"].nth(-1).tolist()
    return sum(one != other for one, other in zip(wanted, held, strict=False))


def _account(flow: Flow, tables: Mapping[str, Table]) -> dict[str, int]:
    """Rows in, added, quarantined and out of the stage; raises CWS-STAGE-002 when they do not add up."""
    taken, given = ROWS[flow.unit.stage]
    lost = sum(len(frame) for frame in flow.refused)
    added = sum(max(0, t.rows_out + t.rows_refused - t.rows_in) for t in flow.traces if t.module == "forward_fill")
    out = tables[given].rows
    if flow.unit.stage == "execute":
        by_module = {trace.module: trace for trace in flow.traces}
        made, accepted = by_module["targets_to_orders"].rows_out, by_module["pre_trade_checks"].rows_out
        out = out - made + accepted
    entered = tables[taken].rows if taken else out + lost
    if entered + added != out + lost:
        raise CwsError(
            "CWS-STAGE-002",
            what=f"{entered} rows in + {added} filled is not {out} out + {lost} quarantined",
            where=f"{flow.unit.stage} of {flow.unit.name}",
            fix="a module loses rows: cws modules verify",
        )
    return {"rows_in": entered, "rows_added": added, "rows_quarantined": lost, "rows_out": out}


def _ledger_bodies(unit: Unit, flow: Flow, pins: Mapping[str, Pin], details: Mapping[str, object]) -> dict[str, object]:
    """The `stage` entry: what was read, what was published, under which settings, code and environment."""
    shared = {
        "stage": unit.stage,
        "unit": unit.name,
        "run_id": flow.run_id,
        "code_version": commit(),
        "environment": environment(),
    }
    hashes = {
        "recipe": unit.recipe.hash,
        "settings": json_hash([[b.module.name, b.settings_hash] for b in chain(unit)]),
    }
    inputs = {name: vars(pin) for name, pin in flow.pins.items()}
    return {**shared, **hashes, "inputs": inputs, "outputs": {name: vars(pin) for name, pin in pins.items()}, **details}


def _evaluated(house: House, flow: Flow) -> tuple[dict[str, Table], dict[str, object]]:
    """Open a backtest through its trial; returns its tables and what the ledger says of it."""
    unit = flow.unit
    assert unit.strategy is not None
    question = task(unit, flow.pins, flow.tables)
    result = evaluate(question, LedgerSink(house.ledger, house.lake, house.clock_ns))
    stats = result.tables["stats"].frame
    figures = {name: statistic(stats, name) for name in ("sharpe", "max_drawdown", "total_return", "annual_vol")}
    details = {
        "key": result.key,
        "looks": result.looks,
        "code": question.code,
        "trial_settings": question.settings_hash,
        "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
        "strategy": unit.strategy.model_dump(mode="json"),
        "dataset": unit.dataset.model_dump(mode="json"),
    }
    return dict(result.tables), details


def close_flow(house: House, flow: Flow) -> Report:
    """Publish a unit: commit its tables, its quarantine and its traces, then say so in the ledger."""
    unit = flow.unit
    with house.home.writing(f"{unit.stage} of {unit.name}", house.lock_wait_s):
        opened: dict[str, Table] = {}
        details: dict[str, object] = {}
        if unit.stage == "backtest":
            opened, details = _evaluated(house, flow)
        tables = {**{name: value for name, value in flow.tables.items() if isinstance(value, Table)}, **opened}
        if unit.stage == "execute":
            _refuse_breaks(flow)
            details = {"drifted_symbols": _drift(tables)}
        rows = _account(flow, tables)
        pins = {
            name: house.lake.commit(table, part, frame) for name, (table, part, frame) in outputs(unit, tables).items()
        }
        columns = house.lake.specs["quarantine"].schema.names
        pins["quarantine"] = house.lake.commit("quarantine", unit.part, _quarantine(flow, columns))
        record_traces(house, flow)
        passed = sum(len(trace.checks) for trace in flow.traces)
        body = _ledger_bodies(unit, flow, pins, {**details, "rows": rows, "checks": passed})
        entry = house.ledger.append("stage", json.loads(json.dumps(body)))
    return Report(
        unit.stage, unit.name, **rows, checks_passed=passed, pins=pins, details={**details, "ledger_index": entry.index}
    )
