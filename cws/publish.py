"""Publish a unit: its rows add up, its tables are committed, and one ledger entry makes them visible together."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cws.environment import commit, environment
from cws.flow import Flow, published, record_traces, task
from cws.house import House
from cws.lake.commits import Pin
from cws.stages import ROWS, Unit, chain, outputs, tested_sizing
from cws.trials import LedgerSink, evaluate, statistic
from modules.canonical import combined_hash, json_hash
from modules.errors import CwsError
from modules.values import Table


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


def _refuse_untested(house: House, flow: Flow) -> None:
    """What is sized must be what was tested: the account-free weights must have the hash of the backtest's."""
    made = [
        t.outputs["weights"]
        for t, _ in zip(flow.traces, tested_sizing(flow.unit), strict=False)
        if "weights" in t.outputs
    ]
    tested = published(house)["weights", flow.unit.name].hash
    if made[-1:] != [tested]:
        raise CwsError(
            "CWS-STAGE-004",
            what=f"sizing gives weights {made[-1:]}, the backtest tested {tested}",
            where=f"size of {flow.unit.name}",
            fix="run the backtest again before sizing: cws run",
        )


def _drift(tables: Mapping[str, Table]) -> int:
    """Symbols whose last position is not the target of one bar before: refused and lapsed orders are not made up."""
    wanted = tables["targets"].frame.groupby("symbol").nth(-2)["target_lots"].tolist()
    held = tables["positions"].frame.groupby("symbol").nth(-1)["position_lots"].tolist()
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


def _ledger_body(unit: Unit, flow: Flow, pins: Mapping[str, Pin], details: Mapping[str, object]) -> dict[str, object]:
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
    details: dict[str, object] = {
        "key": result.key,
        "looks": result.looks,
        "code": question.code,
        "trial_settings": question.settings_hash,
        "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
        "strategy": unit.strategy.model_dump(mode="json"),
        "dataset": unit.dataset.model_dump(mode="json"),
    }
    return dict(result.tables), details


def publish(house: House, flow: Flow) -> Report:
    """Publish a unit: commit its tables, its quarantine and its traces, then say so in the ledger."""
    unit = flow.unit
    with house.home.writing(f"{unit.stage} of {unit.name}", house.lock_wait_s):
        opened: dict[str, Table] = {}
        details: dict[str, object] = {}
        if unit.stage == "backtest":
            opened, details = _evaluated(house, flow)
        tables = {**{name: value for name, value in flow.tables.items() if isinstance(value, Table)}, **opened}
        if unit.stage == "size":
            _refuse_untested(house, flow)
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
        body = _ledger_body(unit, flow, pins, {**details, "rows": rows, "checks": passed})
        entry = house.ledger.append("stage", json.loads(json.dumps(body)))
    return Report(
        unit.stage, unit.name, **rows, checks_passed=passed, pins=pins, details={**details, "ledger_index": entry.index}
    )
