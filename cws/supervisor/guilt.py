"""Guilt: a module is to blame by as much as its own single best change takes away. The scale that probes share.

Traces say where something broke, a probe says what would mend it. Nobody here knows what any setting was before.

| evidence | guilt, in points |
|---|---|
| oracle breaks on search worlds | 1000 x the share of badness that the module's best change removes |
| paired delta on search folds | 10 x -log10 of its p-value times the number of changes tried, at most 500 |
| the same bytes in less CPU time | the same, of the permutation test's p-value |

A p-value counts when chance would give as much to the best of all changes tried in one house of twenty.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cws.patches import Patch
from cws.supervisor.findings import ID_CHARACTERS, Finding
from cws.supervisor.talk import Tried
from modules.canonical import json_hash
from modules.registry import load

MINER = "probe"
BREAK_POINTS, P_POINTS, MOST_P_POINTS = 1_000.0, 10.0, 500.0
LEVEL = 0.05
# A gain that nobody would notice is no fault, however sure it is.
LEAST_GAIN_IR = 0.5


@dataclass(frozen=True)
class Guilt:
    """`points` on the one scale above; `patch` is the change that earns them."""

    module: str
    points: float
    patch: Patch
    sentence: str


def said(patch: Patch) -> str:
    return ", ".join(f"{name} = {value}" for name, value in {**patch.settings, **patch.skills}.items())


def points_of(p: float) -> float:
    return min(MOST_P_POINTS, -P_POINTS * math.log10(max(p, 1e-60)))


def guilty(tried: Sequence[Tried]) -> list[Guilt]:
    """Modules judged by value whose best change is worth a look, the guiltiest first."""
    return sorted(_guilty(tried), key=lambda guilt: -guilt.points)


def _guilty(tried: Sequence[Tried]) -> Iterator[Guilt]:
    count = sum(one.count for one in tried)
    for one in tried:
        p = min(1.0, one.p * count)
        if one.best is not None and p < LEVEL and one.gain >= LEAST_GAIN_IR:
            told = f"{said(one.best)} adds {one.gain:.2f} to the information ratio on search folds"
            yield Guilt(one.module, points_of(p), one.best, f"{told}: p = {p:.2g} after {count} changes tried")


def finding_of(guilt: Guilt, now_ns: int) -> Finding:
    """As the work list shows it. Its evidence is a trial, not a trace."""
    identity = json_hash([MINER, guilt.module]).removeprefix("b3:")[:ID_CHARACTERS]
    names = (*guilt.patch.settings, *guilt.patch.skills)
    return Finding(
        id=identity, miner=MINER, kind="guilt", module=guilt.module, stage=load(guilt.module).stage, signature="guilt",
        sentence=guilt.sentence, suspects=names, evidence=(guilt.patch.id,), frequency=1, cost=guilt.points,
        unit="badness", score=round(guilt.points, 6), first_seen_ns=now_ns, last_seen_ns=now_ns, is_open=True,
    )  # fmt: skip
