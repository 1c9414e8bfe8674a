"""Rebuild a backtest, a look at a formula or a set of a batch from the ledger: the same bytes, or what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cws.alpha_study import outcome_hashes, prepared
from cws.batch.again import find_set, rebuild_set
from cws.environment import environment
from cws.flow import open_flow, step, task
from cws.house import House
from cws.ledger.entry import Entry
from cws.pins import as_pin
from cws.publishable import refuse_failed_checks
from cws.stages import Unit, chain
from cws.strategies import Dataset, Fields, Strategy
from cws.trace_log import tracing
from cws.traces import REPRODUCED
from cws.trials import LedgerSink, Task, evaluate
from modules.errors import CwsError

# Deflated Sharpe moves with the number of trials, and the quarantine of a backtest is empty by construction.
NOT_COMPARED = ("deflated", "quarantine")


@dataclass(frozen=True)
class Reproduction:
    """`same` when every compared table has the ledger's hash; `differs` names tables, `changed` the inputs.

    `cells` are the figures of a batch's row that are other ones now.
    """

    ledger_index: int
    strategy: str
    same: bool
    hashes: dict[str, str]
    differs: list[str]
    changed: list[str]
    cells: list[str] = field(default_factory=list[str])


def find(house: House, wanted: str) -> Entry:
    """The latest backtest or look with that trial key (or its first 6 or more characters) or that ledger index.

    Raises CWS-REPRO-001 when there is none.
    """
    asked = _asked(house)
    fits = _fitting(asked, wanted)
    if not fits:
        known = ", ".join(str(entry.body["key"])[:12] for entry in asked[-5:]) or "none"
        raise CwsError(
            "CWS-REPRO-001",
            what=f"no backtest, no look at a formula and no set of a batch {wanted!r} in the ledger",
            where="ledger",
            fix=f"the latest are: {known}; all: cws trials",
        )
    return fits[-1]


def _asked(house: House) -> list[Entry]:
    backtests = [entry for entry in house.ledger.entries("stage") if entry.body["stage"] == "backtest"]
    return sorted([*backtests, *house.ledger.entries("look")], key=lambda entry: entry.index)


def _fitting(asked: list[Entry], wanted: str) -> list[Entry]:
    return [e for e in asked if str(e.index) == wanted or (len(wanted) >= 6 and str(e.body["key"]).startswith(wanted))]


def reproduce(house: House, wanted: str, folder: Path) -> Reproduction:
    """Run what was recorded on the recorded pins again and compare every table's hash.

    A backtest or look counts as another look. A set of a batch counts as none: it is opened only while its question is
    the trial on record, and shows what that one showed. A set that was published, too, is rebuilt as its backtest.
    Raises CWS-REPRO-001, and what `find_set` and `rebuild_set` raise.
    """
    if not _fitting(_asked(house), wanted) and (chosen := find_set(house, wanted)) is not None:
        made = rebuild_set(house, chosen, folder)
        differs = [table for table, digest in made.then.items() if made.now.get(table) != digest]
        moved = _moved(chosen.entry.body, made.code)
        name = str(chosen.entry.body["counted_as"])
        return Reproduction(chosen.entry.index, name, not differs, dict(made.then), differs, moved, made.cells)
    entry = find(house, wanted)
    return _look(house, entry) if entry.kind == "look" else _backtest(house, entry, folder)


def _look(house: House, entry: Entry) -> Reproduction:
    body = entry.body
    pin = as_pin(_mapping(body["inputs"])["bars"])
    # A look of before there were such rules had none.
    rules = Fields.model_validate(body.get("fields", {}))
    look = prepared(house, str(body["formula"]), _mapping(body["parameters"]), pin, rules)
    with house.home.writing(f"reproduce of {look.task.strategy}", house.lock_wait_s):
        opened = evaluate(look.task, LedgerSink(house.ledger, house.lake, house.clock_ns, "reproduce")).tables
    return _compared(entry, look.task, look.task.strategy, _mapping(body["outputs"]), outcome_hashes(look, opened))


def _backtest(house: House, entry: Entry, folder: Path) -> Reproduction:
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
        opened = evaluate(question, LedgerSink(house.ledger, house.lake, house.clock_ns, "reproduce")).tables
    made = {name: value.hash for name, value in {**flow.tables, **opened}.items()}
    expected = {name: str(pin["hash"]) for name, pin in _mapping(body["outputs"]).items() if name not in NOT_COMPARED}
    return _compared(entry, question, unit.name, expected, made)


def _compared(
    entry: Entry, asked: Task, name: str, expected: Mapping[str, str], made: Mapping[str, str]
) -> Reproduction:
    differs = [table for table, digest in expected.items() if made.get(table) != digest]
    changed = _changed(entry.body, asked.code, asked.settings_hash)
    return Reproduction(entry.index, name, not differs, dict(expected), differs, changed)


def _mapping(value: object) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


def _changed(body: Mapping[str, object], code: str, settings_hash: str) -> list[str]:
    return _moved(body, code) + (
        [f"settings: {body['trial_settings']} then, {settings_hash} now"]
        if body["trial_settings"] != settings_hash
        else []
    )


def _moved(body: Mapping[str, object], code: str) -> list[str]:
    now, then = environment(), _mapping(body["environment"])
    changed = [
        f"environment {name}: {then[name]} then, {now[name]} now"
        for name in ("lock", "python", "cpu")
        if now[name] != then[name]
    ]
    return changed + ([f"code: {body['code']} then, {code} now"] if body["code"] != code else [])
