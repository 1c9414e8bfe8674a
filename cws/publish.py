"""Publish a unit: its rows add up, its tables are committed, and one ledger entry makes them visible together."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cws.environment import commit, environment
from cws.flow import Flow, task
from cws.house import House
from cws.lake.commits import Pin
from cws.pins import as_pin
from cws.publishable import (
    account,
    drifted_symbols,
    refuse_breaks,
    refuse_failed_checks,
    refuse_stale,
    refuse_untested,
)
from cws.stages import Unit, chain, outputs
from cws.trials import LedgerSink, evaluate, statistic
from modules.canonical import combined_hash, json_hash
from modules.errors import CwsError
from modules.values import Table

MOVING = ("deflated", "parents")


@dataclass(frozen=True)
class Report:
    """What a unit did: rows that add up, checks, and the pins that it published."""

    stage: str
    unit: str
    rows_in: int
    rows_added: int
    rows_quarantined: int
    rows_out: int
    pins: Mapping[str, Pin]
    details: Mapping[str, object]

    @property
    def data_version(self) -> str:
        """Hash over the content hashes of what was published: equal data, equal version.

        Deflated Sharpe moves with the number of trials: it is a view, and no version of the data. Parents carry the
        ledger entry that they follow from, which is another in every run.
        """
        return combined_hash({name: pin.hash for name, pin in self.pins.items() if name not in MOVING})


def _quarantine(flow: Flow, columns: list[str]) -> pd.DataFrame:
    if not flow.refused:
        text = pd.Series([], dtype="str")
        return pd.DataFrame({name: pd.Series([], dtype="int64") if name == "row" else text for name in columns})
    rows = pd.concat(flow.refused, ignore_index=True)[columns]
    return rows.sort_values(["source", "row", "symbol"], kind="stable", ignore_index=True)


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
    result = evaluate(question, LedgerSink(house.ledger, house.lake, house.clock_ns, unit.strategy.owner))
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
    """Publish a unit: commit its tables and its quarantine, then say so in the ledger."""
    unit = flow.unit
    refuse_failed_checks(flow)
    with house.home.writing(f"{unit.stage} of {unit.name}", house.lock_wait_s):
        if unit.stage != "ingest":
            refuse_stale(house, flow)
        opened: dict[str, Table] = {}
        details: dict[str, object] = {}
        if unit.stage == "backtest":
            opened, details = _evaluated(house, flow)
        tables = {**{name: value for name, value in flow.tables.items() if isinstance(value, Table)}, **opened}
        if unit.stage in ("size", "execute"):
            refuse_untested(house, flow)
        if unit.stage == "execute":
            refuse_breaks(flow)
            details = {
                **flow.details,
                "drifted_symbols": drifted_symbols(tables["targets"].frame, tables["positions"].frame),
            }
        rows = account(flow, tables)
        pins = {
            name: house.lake.commit(table, part, frame) for name, (table, part, frame) in outputs(unit, tables).items()
        }
        columns = house.lake.specs["quarantine"].schema.names
        pins["quarantine"] = house.lake.commit("quarantine", unit.part, _quarantine(flow, columns))
        checks = sum(len(trace.checks) for trace in flow.traces)
        body = _ledger_body(unit, flow, pins, {**details, "rows": rows, "acceptance_checks": checks})
        entry = house.ledger.append("stage", json.loads(json.dumps(body)))
    return Report(unit.stage, unit.name, **rows, pins=pins, details={**details, "ledger_index": entry.index})


def last_report(house: House, unit: Unit) -> Report:
    """What the ledger says of the unit's last publication.

    Raises CWS-STAGE-006 when it was never published.
    """
    for entry in reversed(house.ledger.entries("stage")):
        body: dict[str, Any] = dict(entry.body)
        if (body["stage"], body["unit"]) == (unit.stage, unit.name):
            pins = {name: as_pin(pin) for name, pin in body["outputs"].items()}
            return Report(
                unit.stage, unit.name, **body["rows"], pins=pins, details={**body, "ledger_index": entry.index}
            )
    raise CwsError(
        "CWS-STAGE-006",
        what="never published",
        where=f"{unit.stage} of {unit.name}",
        fix="materialise it first: cws run",
    )
