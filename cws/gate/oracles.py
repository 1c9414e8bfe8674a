"""The judge of correctness: breaks of declared oracles, before and after a patch, on planted and untouched inputs.

P&L is reported beside and never counted: the right repair of a wrong price often lowers it.
"""

from dataclasses import dataclass

from cws.gate.verdict import Kind, Reason, Verdict
from modules.errors import CwsError


@dataclass(frozen=True)
class Oracle:
    """Breaks of one declared check: rows or identities violated, each a count of at least 0."""

    name: str
    planted_before: int
    planted_after: int
    untouched_before: int
    untouched_after: int


@dataclass(frozen=True)
class Breaks:
    """All oracles of a module, and the P&L effect (share of equity a day) for people to read."""

    oracles: tuple[Oracle, ...]
    reported_pnl: float = 0.0

    def __post_init__(self) -> None:
        counts = [(o.planted_before, o.planted_after, o.untouched_before, o.untouched_after) for o in self.oracles]
        names = [oracle.name for oracle in self.oracles]
        if not names or len(set(names)) < len(names) or any(count < 0 for row in counts for count in row):
            raise CwsError(
                "CWS-GATE-003",
                what="no oracle, one twice, or a count below zero",
                where=", ".join(names),
                fix="count the breaks of every declared oracle once, on the same inputs before and after",
            )


def judged(breaks: Breaks) -> Verdict:
    """PASS when some oracle breaks less on planted inputs and none breaks more anywhere."""
    harmed = tuple(
        o.name for o in breaks.oracles if o.planted_after > o.planted_before or o.untouched_after > o.untouched_before
    )
    if harmed:
        return Verdict(Kind.REJECT, Reason.HARM, detail=harmed)
    repaired = tuple(o.name for o in breaks.oracles if o.planted_after < o.planted_before)
    if not repaired:
        return Verdict(Kind.REJECT, Reason.NO_REPAIR)
    gone = sum(o.planted_before - o.planted_after for o in breaks.oracles)
    return Verdict(Kind.PASS, Reason.REPAIRED, effect=float(gone), detail=repaired)
