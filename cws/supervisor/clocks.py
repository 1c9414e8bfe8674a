"""Modules judged by runtime on probation: which single change gives the same bytes in less CPU time on search folds."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from cws.ablation.by_runtime import BLOCKS, questions, timed
from cws.ablation.ground import Ground
from cws.gate.timings import Timings, flip_p, saved
from cws.patches import Patch
from cws.supervisor.guilt import LEVEL, Guilt, points_of, said

# Enough to see a tenth; the one that looks best is then timed as the gate does.
QUICK_BLOCKS = 2
# A share of the module's CPU time below which nobody would notice.
LEAST_SAVED = 0.05


def probe_clocks(grounds: Sequence[Ground], listed: Sequence[Patch]) -> list[Guilt]:
    """The guilt of modules judged by runtime, highest first; `listed` are their changes."""
    found = [guilt for name in dict.fromkeys(patch.module for patch in listed) for guilt in _of(name, grounds, listed)]
    return sorted(found, key=lambda guilt: -guilt.points)


def _of(module: str, grounds: Sequence[Ground], listed: Sequence[Patch]) -> Iterator[Guilt]:
    before = questions(module, grounds)
    mine = [patch for patch in listed if patch.module == module]
    quick = [(_saved(timed(before, questions(module, grounds, patch), QUICK_BLOCKS)), patch) for patch in mine]
    share, best = max(quick, key=lambda one: one[0])
    if share < LEAST_SAVED:
        return
    sure = timed(before, questions(module, grounds, best), BLOCKS)
    share, p = _saved(sure), min(1.0, len(mine) * flip_p(saved(sure)))
    if sure.same_bytes and p < LEVEL and share >= LEAST_SAVED:
        told = f"{said(best)} would save {share:.0%} of its CPU time at the same bytes"
        yield Guilt(module, points_of(p), best, f"{told}: p = {p:.2g} after {len(mine)} changes tried")


def _saved(timings: Timings) -> float:
    """Share of the time that was saved, in the middle of the blocks; nothing where the bytes differ."""
    return 1.0 - math.exp(-float(np.median(saved(timings)))) if timings.same_bytes else 0.0
