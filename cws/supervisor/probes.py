"""Probes: who is to blame, by trying. A module is guilty by as much as its own single best change takes away.

Traces say where something broke, a probe says what would mend it. Rulers come first: while an oracle breaks on planted
worlds, P&L is measured by a bent ruler and no module is probed for it. Nobody here knows what any setting was before.

| evidence | guilt, in points |
|---|---|
| oracle breaks on search worlds | 1000 x the share of badness that the module's best change removes |
| paired delta on search folds | 10 x -log10 of its p-value times the number of changes tried, at most 500 |

A delta counts when chance would give as much in one house of twenty, and when it is worth LEAST_GAIN_IR a year.

Badness of a house is the sum of log2(1 + breaks) over (program, world, oracle), so that the last break counts as well
as the first thousand. A change that leaves something worse than it was removes nothing.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from cws.ablation.by_oracles import Stand
from cws.ablation.ground import Ground
from cws.oracles.registry import ORACLES
from cws.oracles.scene import KINDS, Kind, Program, Scene, changes
from cws.oracles.worlds import PROGRAMS
from cws.patches import Patch
from cws.proposers.nearby import nearby
from cws.proposers.scoring import Look, Scorer
from cws.supervisor.findings import ID_CHARACTERS, Finding
from modules.canonical import json_hash
from modules.registry import all_modules, load

MINER = "probe"
BREAK_POINTS, DELTA_POINTS, MOST_DELTA_POINTS = 1_000.0, 10.0, 500.0
# A change of a module judged by value is worth a look when chance would give as much to the best of all tried in one
# house of twenty.
LEVEL = 0.05
# Numbers nearer to each other than this are the same idea to a strategy.
APART = 1.5
# A gain that nobody would notice is no fault, however sure it is; a setting whose changes do less than NOTHING is idle.
LEAST_GAIN_IR, NOTHING_IR, IDLE_TRIES = 0.5, 0.02, 2
# All of these are tried on every ground, of those that look best on the first.
FINALISTS = 3

Place: TypeAlias = tuple[str, Kind, str]


@dataclass(frozen=True)
class Guilt:
    """`points` on the one scale above; `patch` is the change that earns them."""

    module: str
    points: float
    patch: Patch
    sentence: str


@dataclass
class Rulers:
    """Breaks of every oracle on worlds of one seed, of the house as it is and under single changes."""

    stand: Stand
    seed: int
    programs: Sequence[Program] = PROGRAMS
    plays: int = 0
    _now: dict[Place, int] = field(default_factory=dict[Place, int])

    def now(self) -> Mapping[Place, int]:
        """(program, world, oracle) -> breaks, of all that break."""
        if not self._now:
            for program in self.programs:
                for kind in KINDS:
                    scene = self.stand.before(program, kind, self.seed)
                    self._now |= _counted(program, kind, scene)
            self.plays += len(self.programs) * len(KINDS)
        return {place: count for place, count in self._now.items() if count}

    def removed(self, patch: Patch) -> float:
        """The share of all badness that a change removes; at most 0 as soon as something gets worse."""
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
        return 1.0 - left / before if before else 0.0

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


def probe_rulers(rulers: Rulers, most_plays: int, hints: Sequence[str] = ()) -> list[Guilt]:
    """The guilt of modules judged by correctness, highest first; ends early when one change mends everything."""
    if not rulers.now():
        return []
    found: list[Guilt] = []
    for name in suspects(rulers, hints):
        best = (0.0, None)
        for patch in nearby(load(name)):
            if rulers.plays >= most_plays:
                break
            share = rulers.removed(patch)
            if share > best[0]:
                best = (share, patch)
            if share >= 1.0:
                break
        if best[1] is not None:
            said = f"{_said(best[1])} would remove {best[0]:.0%} of what oracles find broken on made-up worlds"
            found.append(Guilt(name, BREAK_POINTS * best[0], best[1], said))
        if best[0] >= 1.0:
            break
    return sorted(found, key=lambda guilt: -guilt.points)


def _said(patch: Patch) -> str:
    return ", ".join(f"{name} = {value}" for name, value in {**patch.settings, **patch.skills}.items())


def probe_strategies(scorer: Scorer) -> list[Guilt]:
    """The guilt of modules judged by value: what the best change of each is worth on search folds, beyond chance."""
    tried, best = 0, dict[str, tuple[Look, Patch]]()
    for name in value_modules(scorer):
        mine = [ground for ground in scorer.grounds if name in _modules([ground])]
        first, every = (replace(scorer, grounds=grounds) for grounds in (mine[:1], mine))
        hopes = list(_hopeful(name, first))
        tried += len(hopes)
        finals = [(look, patch) for _, patch in _best_first(hopes)[:FINALISTS] if (look := every.look(patch))]
        if finals:
            best[name] = min(finals, key=lambda one: one[0].p)
    return sorted(_guilty(tried, best), key=lambda guilt: -guilt.points)


def _hopeful(name: str, first: Scorer) -> Iterator[tuple[Look, Patch]]:
    """Every change on one ground; a setting of which the first two change nothing is not pursued."""
    idle: Counter[str] = Counter()
    for patch in nearby(load(name), APART):
        (key,) = (*patch.settings, *patch.skills)
        if idle[key] < IDLE_TRIES and (look := first.look(patch)) is not None:
            idle[key] += abs(look.gain) < NOTHING_IR
            yield look, patch


def _best_first(hopes: Sequence[tuple[Look, Patch]]) -> list[tuple[Look, Patch]]:
    return sorted((one for one in hopes if one[0].gain > 0.0), key=lambda one: -one[0].t)


def _guilty(tried: int, best: Mapping[str, tuple[Look, Patch]]) -> Iterator[Guilt]:
    for name, (look, patch) in best.items():
        p = min(1.0, look.p * tried)
        if p < LEVEL and look.gain >= LEAST_GAIN_IR:
            points = min(MOST_DELTA_POINTS, -DELTA_POINTS * math.log10(max(p, 1e-60)))
            said = f"{_said(patch)} adds {look.gain:.2f} to the information ratio on search folds"
            yield Guilt(name, points, patch, f"{said}: p = {p:.2g} after {tried} changes tried")


def value_modules(scorer: Scorer) -> list[str]:
    """Modules of the grounds' chains that P&L may judge, in the order of the chains."""
    return [name for name in _modules(scorer.grounds) if load(name).manifest.judge == "value"]


def _modules(grounds: Sequence[Ground]) -> list[str]:
    stages = ("feature", "size")
    return list(dict.fromkeys(name for ground in grounds for stage in stages for name in ground.strategy.chain(stage)))


def finding_of(guilt: Guilt, now_ns: int) -> Finding:
    """As the work list shows it. Its evidence is a trial, not a trace."""
    identity = json_hash([MINER, guilt.module]).removeprefix("b3:")[:ID_CHARACTERS]
    names = (*guilt.patch.settings, *guilt.patch.skills)
    return Finding(
        id=identity, miner=MINER, kind="guilt", module=guilt.module, stage=load(guilt.module).stage, signature="guilt",
        sentence=guilt.sentence, suspects=names, evidence=(guilt.patch.id,), frequency=1, cost=guilt.points,
        unit="badness", score=round(guilt.points, 6), first_seen_ns=now_ns, last_seen_ns=now_ns, is_open=True,
    )  # fmt: skip
