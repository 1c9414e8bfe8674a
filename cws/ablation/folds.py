"""Search and confirm folds: time is cut once, and what lies before the cut is all that a proposer ever sees.

Nothing in the pipeline looks ahead, so a run on the days before the cut gives the first days of the whole run to the
byte. The days between the folds are purged: what was decided on search folds still earns there.

Strategies that trade a symbol together share its prices: where the confirm folds of one begin, the search folds of all
that trade any of its symbols end. Other symbols on the same days share the market with it, and deltas are neutralised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cws.ablation.ground import Ground, days, symbols
from cws.gate.p_value import enough_days
from modules.errors import CwsError

# A strategy's schedule says how long a position is held, and so how far daily deltas depend on each other.
HORIZON_DAYS = {"every_bar": 1, "daily": 1, "weekly": 5, "monthly": 21}
SEARCH_SHARE, PURGE_DAYS = 0.5, 21
assert max(HORIZON_DAYS.values()) <= PURGE_DAYS, "what was decided on search folds must not earn on confirm folds"


@dataclass(frozen=True)
class Folds:
    """Days since 1970: search is before `cut`, confirm from `confirm` on.

    `hidden_by` names the strategy whose confirm folds leave too little to search, "" where enough is left.
    """

    cut: int
    confirm: int
    horizon_days: int
    hidden_by: str = ""

    @property
    def names(self) -> tuple[str, str]:
        return f"search until {self.cut}", f"confirm from {self.confirm}"


def horizon_days(ground: Ground) -> int:
    """The longest holding period of the chain's schedules; one day where it has none."""
    bounds = ground.strategy.bound_chain("size")
    chosen = [skill.name for bound in bounds for kind, skill in bound.skills.items() if kind == "schedule"]
    return max([HORIZON_DAYS[name] for name in chosen], default=1)


def _cut(count: int) -> tuple[int, int]:
    """Places of the first day behind search and of the first day of confirm among `count` days."""
    return int(count * SEARCH_SHARE), int(count * SEARCH_SHARE) + PURGE_DAYS


def long_enough(ground: Ground) -> bool:
    """Whether both folds have enough blocks for the gate."""
    count = len(days(ground))
    at, confirm = _cut(count)
    return enough_days(at - 1, horizon_days(ground)) and enough_days(count - confirm - 1, horizon_days(ground))


def folds_of(ground: Ground) -> Folds:
    """The ground's own: cut after SEARCH_SHARE of its trading days; PURGE_DAYS of them belong to neither fold.

    Raises CWS-ABLATE-003 when the ground is too short to be cut.
    """
    known = days(ground)
    at, confirm = _cut(len(known))
    if not long_enough(ground):
        raise CwsError(
            "CWS-ABLATE-003",
            what=f"{len(known)} days are too few for two folds and {PURGE_DAYS} days between them",
            where=ground.name,
            fix="give it a longer history",
        )
    return Folds(int(known[at]), int(known[confirm]), horizon_days(ground))


def all_folds(grounds: Sequence[Ground]) -> dict[str, Folds]:
    """Folds of every ground that is long enough for two; none searches a confirm day of a symbol that it trades."""
    own = {ground.name: (ground, folds_of(ground)) for ground in grounds if long_enough(ground)}
    return {name: _kept_from(ground, folds, list(own.values())) for name, (ground, folds) in own.items()}


def _kept_from(ground: Ground, own: Folds, everybody: Sequence[tuple[Ground, Folds]]) -> Folds:
    first, name = min((folds.confirm, one.name) for one, folds in everybody if symbols(ground) & symbols(one))
    if first >= own.cut:
        return own
    left = int((days(ground) < first).sum())
    return replace(own, cut=first, hidden_by="" if enough_days(left - 1, own.horizon_days) else name)


def folds_for(grounds: Sequence[Ground], known: Mapping[str, Folds]) -> dict[str, Folds]:
    """Folds of those that a patch changes: a short history cannot be cut in two, and the others decide.

    Raises CWS-ABLATE-003 when all are too short, CWS-ABLATE-006 when none of them has anything left to search.
    """
    found = {ground.name: known[ground.name] for ground in grounds if ground.name in known}
    if not found:
        return {ground.name: folds_of(ground) for ground in grounds}
    if all(folds.hidden_by for folds in found.values()):
        raise nothing_to_search(found)
    return found


def nothing_to_search(hidden: Mapping[str, Folds]) -> CwsError:
    """CWS-ABLATE-006 about strategies whose data before the cut are too few."""
    others = {folds.hidden_by: np.datetime64(folds.cut, "D") for folds in hidden.values()}
    return CwsError(
        "CWS-ABLATE-006",
        what="too few days to search before those on which others are confirmed in the same symbols: "
        + ", ".join(f"{name} from {day} on" for name, day in sorted(others.items())),
        where=", ".join(sorted(hidden)),
        fix="give it a longer history; until then nothing that it alone runs is judged by its P&L",
    )
