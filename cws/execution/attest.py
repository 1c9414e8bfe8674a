"""Evidence that every check of the risk core works: how often each was evaluated and refused, and when last.

Risk runs R01 to R23 in their order and stops at the first that refuses: a decision with reason k evaluated the first k,
one that approved all of them. The counts stand in the ledger with every checkpoint of a journal.
"""

from collections.abc import Iterable
from typing import Any, TypedDict

from cws.execution import entries as read
from cws.execution.checkpoints import KIND
from cws.execution.journal import Journal
from cws.ledger.entry import Entry

CHECKS = {
    1: "max quantity", 2: "max notional", 3: "price collar", 4: "share of average daily volume",
    5: "position of the strategy", 6: "gross and net notional of the firm", 7: "open orders, worst case",
    8: "daily loss", 9: "message rate", 10: "cancel and replace ratio", 11: "duplicate order or ClOrdID",
    12: "repeated executions", 13: "child within its parent", 14: "restricted list", 15: "short locate",
    16: "session and halt state", 17: "tick, lot, NaN, overflow", 18: "self-match",
    19: "authorised strategy and build", 20: "capital of the firm", 21: "age of market data", 22: "currency",
    23: "phase",
}  # fmt: skip
NEVER = 0
# Also said of what no check was asked about: an intent that cannot be read, or that comes without limits.
BEFORE_ANY = (11, 16, 17)


class Evidence(TypedDict):
    """Of one check; times UTC ns, 0 for never."""

    evaluated: int
    refused: int
    last_ns: int
    last_refused_ns: int


def evidence(journal: Journal) -> dict[str, Evidence]:
    """By code, from a journal's decisions."""
    stopped = dict.fromkeys((0, *CHECKS), 0)
    last = dict.fromkeys((0, *CHECKS), NEVER)
    for record in journal.records:
        if record.kind == read.DECISION:
            reason = read.decision(record).reason
            stopped[reason] += 1
            last[reason] = record.ts_ns
    found: dict[str, Evidence] = {}
    for number in CHECKS:
        later = [reason for reason in CHECKS if reason > number and reason not in BEFORE_ANY]
        beyond = [0, number, *later]
        found[read.reason_text(number)] = {
            "evaluated": sum(stopped[reason] for reason in beyond),
            "refused": stopped[number],
            "last_ns": max(last[reason] for reason in beyond),
            "last_refused_ns": last[number],
        }
    return found


def attest(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """One row a check: the last checkpoint of every journal in the ledger, added up."""
    latest: dict[tuple[str, int], dict[str, Any]] = {}
    for entry in entries:
        if entry.kind == KIND and "checks" in entry.body:
            body: dict[str, Any] = entry.body
            latest[str(body["run"]), int(body["created_ns"])] = body["checks"]
    return [_row(number, name, list(latest.values())) for number, name in CHECKS.items()]


def _row(number: int, name: str, told: list[dict[str, Any]]) -> dict[str, Any]:
    code = read.reason_text(number)
    own = [checks[code] for checks in told if code in checks]
    added = {key: sum(int(one[key]) for one in own) for key in ("evaluated", "refused")}
    last = {key: max((int(one[key]) for one in own), default=NEVER) for key in ("last_ns", "last_refused_ns")}
    return {"code": code, "check": name, **added, **{key: at or None for key, at in last.items()}, "runs": len(own)}
