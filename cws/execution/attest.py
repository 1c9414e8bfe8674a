"""Evidence that every check of the risk core works: how often each was evaluated and refused, and when last.

Risk runs R01 to R23 in their order and stops at the first that refuses: a decision with reason k evaluated the first k,
one that approved all of them. The counts stand in the ledger with every checkpoint of a journal. The live
desk's come there when it goes down: until then its journal is read as it stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from cws.execution import entries as read
from cws.execution.checkpoints import KIND
from cws.execution.journal import Journal, read_journal
from cws.execution.places import Place, processes
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


@dataclass(frozen=True)
class Ahead:
    """A journal up to its last whole record; the ledger has the first `signed_seq` of them."""

    run: str
    running: bool
    created_ns: int
    signed_seq: int
    seq: int
    checks: Mapping[str, Evidence]

    @property
    def row(self) -> dict[str, object]:
        return {"run": self.run, "running": self.running, "signed_seq": self.signed_seq, "seq": self.seq}


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


def ahead_of(entries: Iterable[Entry], place: Place) -> Ahead | None:
    """What the journal there says beyond its last checkpoint; it only looks. None where that is nothing.

    Raises what `read_journal` raises.
    """
    if not place.journal.exists():
        return None
    journal = read_journal(place.journal)
    own = (place.name, journal.created_ns)
    bodies: list[dict[str, Any]] = [entry.body for entry in entries]
    signed = [int(body["seq"]) for body in bodies if (body["run"], body["created_ns"]) == own]
    last = max(signed, default=0)
    if journal.seq <= last:
        return None
    running = processes(place)["cws-risk"] is not None
    return Ahead(place.name, running, journal.created_ns, last, journal.seq, evidence(journal))


def attest(entries: Iterable[Entry], ahead: Ahead | None = None) -> list[dict[str, Any]]:
    """One row a check: the last checkpoint of every journal in the ledger, added up.

    `ahead` is a journal that says more than the ledger: its counts stand for its checkpoint's, and `live` of a row is
    what of them the ledger does not have.
    """
    latest: dict[tuple[str, int], Mapping[str, Any]] = {}
    for entry in entries:
        if entry.kind == KIND and "checks" in entry.body:
            body: dict[str, Any] = entry.body
            latest[str(body["run"]), int(body["created_ns"])] = body["checks"]
    now = latest if ahead is None else {**latest, (ahead.run, ahead.created_ns): ahead.checks}
    return [
        _row(number, name, list(now.values())) | {"live": _beyond(number, list(now.values()), list(latest.values()))}
        for number, name in CHECKS.items()
    ]


def _beyond(number: int, now: list[Mapping[str, Any]], signed: list[Mapping[str, Any]]) -> dict[str, int]:
    ours, theirs = _sums(number, now), _sums(number, signed)
    return {key: ours[key] - theirs[key] for key in ours}


def _sums(number: int, told: list[Mapping[str, Any]]) -> dict[str, int]:
    own = [checks[code] for checks in told if (code := read.reason_text(number)) in checks]
    return {key: sum(int(one[key]) for one in own) for key in ("evaluated", "refused")}


def _row(number: int, name: str, told: list[Mapping[str, Any]]) -> dict[str, Any]:
    code = read.reason_text(number)
    own = [checks[code] for checks in told if code in checks]
    last = {key: max((int(one[key]) for one in own), default=NEVER) for key in ("last_ns", "last_refused_ns")}
    when = {key: at or None for key, at in last.items()}
    return {"code": code, "check": name, **_sums(number, told), **when, "runs": len(own)}
