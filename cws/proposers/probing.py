"""Every change nearby a module tried on search folds: the best of them, and how many there were.

Behind the walls, like all that is tuned on search folds. A module that P&L may not judge is only listed here: what its
changes do is measured by the house, for oracles and clocks are out of a proposer's reach.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest

from cws.patches import Patch
from cws.proposers.nearby import nearby
from cws.proposers.proposal import Ask
from cws.proposers.scoring import Look, Scorer
from modules.registry import load

# Numbers nearer to each other than this are the same idea to a strategy.
APART = 1.5
# What moves no byte moves the time slowly: a few sizes say all.
APART_IN_TIME = 4.0
# A setting of which so many changes do less than NOTHING is idle.
NOTHING_IR, IDLE_TRIES = 0.02, 2
# All of these are tried on every ground, of those that look best on the first.
FINALISTS = 3


@dataclass(frozen=True)
class Tried:
    """`best` is the change with the smallest p, None where none looks better; `count` were tried, `looks` taken."""

    count: int
    looks: int
    best: Patch | None = None
    p: float = 1.0
    gain: float = 0.0


def listed(ask: Ask) -> list[Patch]:
    """What is nearby, likeliest first, suspects and the rest in turn; nothing is tried.

    A suspect's unlikeliest value is no likelier than the first of a setting that nobody suspects.
    """
    module = load(ask.module)
    found = list(nearby(module, APART_IN_TIME if module.manifest.judge == "runtime" else 1.0))
    hinted = [patch for patch in found if set(ask.suspects) & {*patch.settings, *patch.skills}]
    others = [patch for patch in found if patch not in hinted]
    return [patch for pair in zip_longest(hinted, others) for patch in pair if patch is not None]


def tried(ask: Ask, scorer: Scorer) -> Tried:
    """At most `ask.budget` looks: all on the first ground that runs the module, then the finalists on every one."""
    mine = [ground for ground in scorer.grounds if ask.module in ground.strategy.chain(load(ask.module).stage)]
    if not mine:
        return Tried(0, 0)
    first, every = (replace(scorer, grounds=grounds) for grounds in (mine[:1], mine))
    hopes = list(_hopeful(ask, first))
    finals = [(look, patch) for _, patch in _best_first(hopes)[:FINALISTS] if (look := every.look(patch))]
    count = len(hopes)
    if not finals:
        return Tried(count, count)
    look, best = min(finals, key=lambda one: one[0].p)
    return Tried(count, count + len(finals), best, look.p, look.gain)


def _hopeful(ask: Ask, first: Scorer) -> Iterator[tuple[Look, Patch]]:
    """Changes on one ground, with looks left for the finalists; a setting whose first ones change nothing is idle."""
    idle: Counter[str] = Counter()
    for patch in islice(nearby(load(ask.module), APART), max(ask.budget - FINALISTS, 0)):
        (key,) = (*patch.settings, *patch.skills)
        if idle[key] < IDLE_TRIES and (look := first.look(patch)) is not None:
            idle[key] += abs(look.gain) < NOTHING_IR
            yield look, patch


def _best_first(hopes: Sequence[tuple[Look, Patch]]) -> list[tuple[Look, Patch]]:
    return sorted((one for one in hopes if one[0].gain > 0.0), key=lambda one: -one[0].t)
