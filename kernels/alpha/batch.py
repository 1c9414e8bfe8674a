"""A formula over a whole panel: (T, S) matrices in, one (T, S) matrix out.

Some rows at a time go through all tasks of the formula's plan while they lie in the processor's second cache; each task
works on all symbols of these rows, sums in vector lanes, and each tree of operators in one pass. Nothing here goes bar
by bar through the formula as `kernels.alpha.streaming` does. docs/alpha.md says what both must give.
"""

from collections.abc import Collection, Mapping
from itertools import pairwise

import numpy as np

from kernels.alpha.bound import Matrices, bound
from kernels.alpha.elementwise import F64
from kernels.alpha.elementwise_blocks import BLOCK
from kernels.alpha.language import Node
from kernels.alpha.plan import Plan, planned
from kernels.lanes import LANES

# Cells of a matrix that go through a formula at a time.
CELLS = 1 << 15


def _edges(bars: int, symbols: int) -> list[int]:
    """The rows where one piece ends and the next begins; with few symbols one piece is all."""
    rows = bars if symbols < LANES else max(1, CELLS // symbols)
    edges = [*range(0, bars, rows), bars]
    if len(edges) > 2 and (bars - edges[-2]) * symbols < BLOCK:
        del edges[-2]
    return edges


def computed(
    plan: Plan, fields: Mapping[str, F64], wanted: Collection[int], given: Mapping[int, F64], spare: list[F64]
) -> dict[int, F64]:
    """The matrices of the steps `wanted`; those `given` are neither computed nor filled anew.

    The matrix of a field is that of `fields`, every other one that was not given is the caller's own.
    """
    tasks = plan.towards(wanted, given)
    edges = _edges(*next(iter(fields.values())).shape)
    matrices = Matrices(plan, tasks, fields, {*wanted}, given, max(end - start for start, end in pairwise(edges)), spare)
    calls = [bound(plan.tasks[task], matrices) for task in tasks]
    for start, end in pairwise(edges):
        for call in calls:
            call(start, end)
    return matrices.done(wanted)


def evaluate(formula: Node, fields: Mapping[str, F64], spare: list[F64] | None = None) -> F64:
    """The formula at every bar of every symbol; `fields` maps each field to its (T, S) matrix, NaN where no bar is.

    Row 0 must be the panel's first bar: running sums start again at absolute bars.
    `spare` are matrices of that shape that may be filled; what is no longer needed is added to them. Who evaluates many
    formulas keeps one list, and adds each result when done with it: fresh memory costs more than most functions.
    Raises FormulaError for a field that `fields` lacks and for a free parameter without a value.
    """
    plan, shape = planned(formula, tuple(fields)), next(iter(fields.values())).shape
    if 0 in shape:
        return np.empty(shape)
    last = len(plan.steps) - 1
    found = computed(plan, fields, (last,), {}, [] if spare is None else spare)[last]
    return found if plan.tasks else found.copy()
