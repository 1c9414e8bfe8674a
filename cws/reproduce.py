"""Rebuild a backtest from its ledger row: the same bytes, or which input differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cws.environment import environment
from cws.flow import open_flow, step, task
from cws.house import House
from cws.ledger.entry import Entry
from cws.pins import as_pin
from cws.publishable import refuse_failed_checks
from cws.stages import Unit, chain
from cws.strategies import Dataset, Strategy
from cws.trace_log import tracing
from cws.traces import REPRODUCED
from cws.trials import LedgerSink, evaluate
from modules.errors import CwsError

# Deflated Sharpe moves with the number of trials, and the quarantine of a backtest is empty by construction.
NOT_COMPARED = ("deflated", "quarantine")


@dataclass(frozen=True)
class Reproduction:
    """`same` when every compared table has the ledger's hash; `differs` names tables, `changed` the inputs."""

    ledger_index: int
    strategy: str
    same: bool
    hashes: dict[str, str]
    differs: list[str]
    changed: list[str]


def find(house: House, wanted: str) -> Entry:
    """The latest backtest with that trial key (or its first 6 or more characters) or that ledger index.

    Raises CWS-REPRO-001 when there is none.
    """
    backtests = [entry for entry in house.ledger.entries("stage") if entry.body["stage"] == "backtest"]
    fits = [
        e for e in backtests if str(e.index) == wanted or (len(wanted) >= 6 and str(e.body["key"]).startswith(wanted))
    ]
    if not fits:
        known = ", ".join(str(entry.body["key"])[:12] for entry in backtests[-5:]) or "none"
        raise CwsError(
            "CWS-REPRO-001",
            what=f"no backtest {wanted!r} in the ledger",
            where="ledger",
            fix=f"the latest are: {known}",
        )
    return fits[-1]


def reproduce(house: House, wanted: str, folder: Path) -> Reproduction:
    """Run the recorded chain on the recorded pins again and compare every table's hash. It counts as another look."""
    entry = find(house, wanted)
    body = entry.body
    dataset, strategy = Dataset.model_validate(body["dataset"]), Strategy.model_validate(body["strategy"])
    unit = Unit("backtest", dataset, strategy)
    pins = {name: as_pin(pin) for name, pin in _mapping(body["inputs"]).items()}
    with tracing(house):
        flow = open_flow(house, unit, folder, f"{REPRODUCED} {entry.index}", pins)
        for bound in chain(unit):
            flow = step(house, flow, bound)
    refuse_failed_checks(flow)
    question = task(unit, pins, flow.tables)
    with house.home.writing(f"reproduce of {unit.name}", house.lock_wait_s):
        opened = evaluate(question, LedgerSink(house.ledger, house.lake, house.clock_ns)).tables
    made = {**flow.tables, **opened}
    expected = {name: str(pin["hash"]) for name, pin in _mapping(body["outputs"]).items() if name not in NOT_COMPARED}
    differs = [name for name, digest in expected.items() if made[name].hash != digest]
    return Reproduction(
        entry.index, unit.name, not differs, expected, differs, _changed(body, question.code, question.settings_hash)
    )


def _mapping(value: object) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def _changed(body: Mapping[str, object], code: str, settings_hash: str) -> list[str]:
    now, then = environment(), _mapping(body["environment"])
    changed = [
        f"environment {name}: {then[name]} then, {now[name]} now"
        for name in ("lock", "python", "cpu")
        if now[name] != then[name]
    ]
    changed += [f"code: {body['code']} then, {code} now"] if body["code"] != code else []
    return changed + (
        [f"settings: {body['trial_settings']} then, {settings_hash} now"]
        if body["trial_settings"] != settings_hash
        else []
    )
