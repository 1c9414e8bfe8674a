"""What must not trade now: kills of the ledger that nobody re-armed. A run begins with them, whatever risk was told."""

from collections.abc import Iterable
from dataclasses import dataclass

from cws.execution.checkpoints import KILL, REARM
from cws.ledger.entry import Entry
from modules.errors import CwsError

SCOPES = ("firm", "venue", "strategy")


@dataclass(frozen=True)
class Killed:
    """`name` is the venue or strategy, empty for the firm."""

    scope: str
    name: str
    reason: str
    who: str
    trigger: str
    ts_ns: int

    def covers(self, strategy: str, venue: str) -> bool:
        return self.scope == "firm" or self.name == {"strategy": strategy, "venue": venue}[self.scope]


def in_force(entries: Iterable[Entry]) -> list[Killed]:
    """Kills without a later re-arm of the same scope and name, oldest first. Entries are in ledger order."""
    return _last(entries, KILL)


def ended_by_hand(entries: Iterable[Entry]) -> list[Killed]:
    """The last re-arm of every scope and name that is not killed now: who ended it, why and when."""
    return _last(entries, REARM)


def _last(entries: Iterable[Entry], kind: str) -> list[Killed]:
    """What was said last of each scope and name, where that is of this kind."""
    last: dict[tuple[str, str], tuple[str, Killed]] = {}
    for entry in entries:
        if entry.kind in (KILL, REARM):
            body = {name: str(value) for name, value in entry.body.items()}
            key = body["scope"], body["name"]
            last.pop(key, None)
            trigger = body.get("trigger", "command")  # only a person re-arms
            last[key] = entry.kind, Killed(*key, body["reason"], body["who"], trigger, entry.ts_ns)
    return [one for said, one in last.values() if said == kind]


def refuse_killed(killed: Iterable[Killed], strategy: str, venue: str) -> None:
    """Raises CWS-EXECUTION-003 where a kill in force covers the strategy at the venue."""
    for one in killed:
        if one.covers(strategy, venue):
            scope = f"--{one.scope}" + (f" {one.name}" if one.name else "")
            raise CwsError(
                "CWS-EXECUTION-003",
                what=f"trading is killed ({one.scope} {one.name}".rstrip()
                + f", {one.trigger}, {one.who}): {one.reason}",
                where=f"execute of {strategy}",
                fix=f"cws rearm {scope} --reason WHY, when it may go on",
            )
