"""Search and confirm folds: time is cut once, and what lies before the cut is all that a proposer ever sees.

Nothing in the pipeline looks ahead, so a run on the days before the cut gives the first days of the whole run to the
byte. The days between the folds are purged: what was decided on search folds still earns there.
"""

from dataclasses import dataclass

from cws.ablation.ground import Ground, days
from cws.gate.p_value import enough_days
from modules.errors import CwsError

# A strategy's schedule says how long a position is held, and so how far daily deltas depend on each other.
HORIZON_DAYS = {"every_bar": 1, "daily": 1, "weekly": 5, "monthly": 21}
SEARCH_SHARE, PURGE_DAYS = 0.5, 21
assert max(HORIZON_DAYS.values()) <= PURGE_DAYS, "what was decided on search folds must not earn on confirm folds"


@dataclass(frozen=True)
class Folds:
    """Days since 1970: search is before `cut`, confirm from `confirm` on."""

    cut: int
    confirm: int
    horizon_days: int

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
    """Cut after SEARCH_SHARE of the ground's trading days; PURGE_DAYS of them belong to neither fold.

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
