"""Rulers on probation: which single change of a module judged by correctness makes oracles break less.

The changes come as a list from behind the walls; here they are played on search worlds, for no proposer sees an oracle.
Badness of a house is the sum of log2(1 + breaks) over (program, world, oracle), so that the last break counts as well
as the first thousand. A change that leaves something worse than it was removes nothing. One world has few of each thing
that can go wrong, so what mends it altogether is held against further ones, and modules take turns: the plays shall not
all go to the first of many that could be to blame.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, starmap
from typing import TypeAlias

from cws.ablation.by_oracles import Stand
from cws.oracles.registry import ORACLES
from cws.oracles.scene import KINDS, Kind, Program, Scene, changes
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.supervisor.guilt import BREAK_POINTS, Guilt, said
from modules.registry import all_modules, load

Place: TypeAlias = tuple[str, Kind, str]
# Worlds beyond the first for what mends that one; changes of a module before the next one has its turn.
FURTHER, TURN = 2, 20


@dataclass
class Rulers:
    """Breaks of every oracle on worlds of one seed, of the house as it is and under single changes."""

    stand: Stand
    seed: int
    programs: Sequence[Program] = PROGRAMS
    plays: int = 0
    _now: dict[Place, int] = field(default_factory=dict[Place, int])
    _further: dict[tuple[int, tuple[str, ...]], "Rulers"] = field(
        default_factory=dict[tuple[int, tuple[str, ...]], "Rulers"]
    )

    def now(self) -> Mapping[Place, int]:
        """(program, world, oracle) -> breaks, of all that break."""
        if not self._now:
            for program in self.programs:
                for kind in KINDS:
                    scene = self.stand.before(program, kind, self.seed)
                    self._now |= _counted(program, kind, scene)
            self.plays += len(self.programs) * len(KINDS)
        return {place: count for place, count in self._now.items() if count}

    def mended(self, patch: Patch) -> float:
        """The share of all badness that a change removes; of one that removes all, its mean over further worlds."""
        share = self.removed(patch)
        if share < 1.0:
            return share
        shares = [share, *(self._elsewhere(turn, patch) for turn in range(1, FURTHER + 1))]
        return sum(shares) / len(shares)

    def _elsewhere(self, turn: int, patch: Patch) -> float:
        touched = [program for program in self.programs if changes(program, patch)]
        other = self._further.setdefault(
            (turn, tuple(program.name for program in touched)), Rulers(self.stand, self.seed + turn, touched)
        )
        before = other.plays
        share = other.removed(patch)
        self.plays += other.plays - before
        return share

    def removed(self, patch: Patch) -> float:
        """The share of all badness that a change removes; at most 0 as soon as something gets worse.

        What was in order and stays so is all mended.
        """
        before, left = badness(self.now().values()), 0.0
        touched = [program for program in self.programs if changes(program, patch)]
        untouched = {program.name for program in self.programs} - {program.name for program in touched}
        left = badness(count for (program, _, _), count in self.now().items() if program in untouched)
        for program, kind in self._worst_first(touched):
            scene = self.stand.after(program, kind, self.seed, patch)
            self.plays += 1
            found = _counted(program, kind, scene)
            if any(count > self._now[place] for place, count in found.items()):
                return 0.0
            here = badness(found.values())
            if here and here >= badness(self._now[place] for place in found):
                return 0.0
            left += here
        return 1.0 - left / before if before else 1.0

    def _worst_first(self, programs: Sequence[Program]) -> list[tuple[Program, Kind]]:
        """What breaks is played first: most changes fail there and cost no more."""
        places: list[tuple[Program, Kind]] = [(program, kind) for program in programs for kind in KINDS]
        bad = {(program, kind) for program, kind, _ in self.now()}
        return sorted(places, key=lambda place: (place[0].name, place[1]) not in bad)


def badness(counts: Iterable[int]) -> float:
    return sum(math.log2(1.0 + count) for count in counts)


def _counted(program: Program, kind: Kind, scene: Scene) -> dict[Place, int]:
    steps = {step.module for step in program.steps}
    looked = {name: oracle for name, oracle in ORACLES.items() if steps.issuperset(oracle.looks_at)}
    return {(program.name, kind, name): oracle.breaks(scene) for name, oracle in looked.items()}


def suspects(rulers: Rulers, hints: Sequence[str]) -> list[str]:
    """Modules to try, the likeliest first: those of which an oracle breaks that few others answer for.

    Of equal ones those that are in no program that is in order, then the first in `hints`, which is what miners found
    in the traces, then the first in its program.
    """
    broken = {(program, oracle) for program, _, oracle in rulers.now()}
    hinted = {name: place for place, name in reversed(list(enumerate(hints)))}
    named = Counter(oracle for module in all_modules() for oracle in module.manifest.oracles)
    ranks: dict[str, tuple[float, ...]] = {}
    for program in rulers.programs:
        for place, step in enumerate(program.steps):
            own = load(step.module).manifest.oracles
            hit = [named[oracle] for oracle in own if (program.name, oracle) in broken]
            if hit and step.module not in ranks:
                runs_in = [one.name for one in rulers.programs if step.module in {other.module for other in one.steps}]
                bad = {name for name, oracle in broken if name in runs_in and oracle in own}
                order = hinted.get(step.module, len(hints))
                ranks[step.module] = (float(min(hit)), -len(bad) / len(runs_in), float(order), float(place))
    return sorted(ranks, key=lambda name: ranks[name])


def probe_rulers(rulers: Rulers, names: Sequence[str], listed: Sequence[Patch], most_plays: int) -> list[Guilt]:
    """The guilt of modules judged by correctness, highest first; ends early when one change mends everything.

    `names` are the modules to try, in that order, TURN changes of each before the next has its turn; whoever mended
    most so far has every second one. `listed` are the changes of each, likeliest first; `most_plays` counts what the
    house as it is took.
    """
    if not rulers.now():
        return []
    left = {name: iter([patch for patch in listed if patch.module == name]) for name in names}
    waiting, best = deque(names), dict[str, tuple[float, Patch]]()
    while waiting and rulers.plays < most_plays:
        name = waiting.popleft()
        tried = list(islice(left[name], TURN))
        found = _best(rulers, tried, most_plays)
        if found is not None and found[0] > best.get(name, (0.0,))[0]:
            best[name] = found
        leader = max(best, key=lambda one: best[one][0], default="")
        if leader and best[leader][0] >= 1.0:
            break
        if tried:
            waiting.append(name)
        # What is right often stands near what is nearly right.
        if name != leader and leader in waiting:
            waiting.remove(leader)
            waiting.appendleft(leader)
    return sorted(starmap(_guilt, best.values()), key=lambda guilt: -guilt.points)


def _best(rulers: Rulers, patches: Sequence[Patch], most_plays: int) -> tuple[float, Patch] | None:
    """The change that mends most, None when none mends anything; ends early when one mends everything."""
    best: tuple[float, Patch] | None = None
    for patch in patches:
        if rulers.plays >= most_plays:
            break
        share = rulers.mended(patch)
        if share > (best[0] if best is not None else 0.0):
            best = (share, patch)
        if share >= 1.0:
            break
    return best


def _guilt(share: float, patch: Patch) -> Guilt:
    told = f"{said(patch)} would remove {share:.0%} of what oracles find broken on made-up worlds"
    return Guilt(patch.module, BREAK_POINTS * share, patch, told)
