"""A formula over a whole panel at once: (T, S) matrices in, one (T, S) matrix out.

Windows run over the whole matrix, sums in vector lanes across symbols; what looks at one row only, trees of operators
and ranks, runs over some rows at a time, one step after the other. Nothing here goes bar by bar through the formula as
`kernels.alpha.streaming` does. docs/alpha.md says what both must give.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from kernels.alpha import clib, orders, pairs, windows
from kernels.alpha.elementwise import F64
from kernels.alpha.elementwise_blocks import BLOCK, run_tree
from kernels.alpha.language import Node
from kernels.alpha.pieces import Held, Memory
from kernels.alpha.plan import Matrix, Plan, Tree, planned
from kernels.alpha.program import Step
from kernels.cross_section import ROWS, Ranks, zscore
from kernels.groups import neutralised, unit_size
from kernels.lanes import LANES

# Windows: flat matrices, the number of symbols, bars, and where the result goes.
_WINDOWS: dict[str, Callable[..., None]] = {
    "tsum": lambda x, s, n, out: windows.running_sum(x, s, n, 1.0, out),
    "tmean": lambda x, s, n, out: windows.running_sum(x, s, n, float(n), out),
    "tstd": windows.running_std,
    "decay_linear": lambda x, s, n, out: windows.running_weighted(x, s, n, False, out),
    "tslope": lambda x, s, n, out: windows.running_weighted(x, s, n, True, out),
    "tcov": lambda x, y, s, n, out: pairs.running_pair(x, y, s, n, False, out),
    "tcorr": lambda x, y, s, n, out: pairs.running_pair(x, y, s, n, True, out),
    "tmin": lambda x, s, n, out: orders.extreme_in_window(x, s, n, 1.0, out),
    "tmax": lambda x, s, n, out: orders.extreme_in_window(x, s, n, -1.0, out),
    "targmin": lambda x, s, n, out: orders.place_in_window(x, s, n, -1.0, out),
    "targmax": lambda x, s, n, out: orders.place_in_window(x, s, n, 1.0, out),
    "trank": orders.rank_in_window,
    "ema": orders.exponential_mean,
}
# Of a lone bar these say nothing.
_OF_TWO_BARS = ("tstd", "tslope", "tcov", "tcorr")
# Each row by itself: matrices, constants, and where the result goes.
_ROWS: dict[str, Callable[..., F64]] = {
    "cs_z": zscore, "cs_scale": unit_size, "neutralise": neutralised,
    "log": clib.log, "log1p": clib.log1p, "signed_power": clib.signed_power,
}  # fmt: skip


# Does the rows from a first one to before a last one.
Run: TypeAlias = Callable[[int, int], None]


def _window(step: Step, inputs: list[F64], out: F64) -> None:
    symbols, bars = out.shape[1], int(step.constants[0])
    if bars < 2 and step.function in _OF_TWO_BARS:
        out[:] = np.nan
        return
    kernel = _WINDOWS[step.function]
    if symbols >= LANES:
        kernel(*[x.reshape(-1) for x in inputs], symbols, bars, out.reshape(-1))
        return
    # Lanes without a symbol are missing.
    wide = [np.full((len(out), LANES), np.nan) for _ in [*inputs, out]]
    for held, x in zip(wide, inputs, strict=False):
        held[:, :symbols] = x
    kernel(*[held.reshape(-1) for held in wide[:-1]], LANES, bars, wide[-1].reshape(-1))
    out[:] = wide[-1][:, :symbols]


def _tree(tree: Tree, inputs: Mapping[int, Held], out: Held, least_cells: int) -> Run:
    """A tree of operators over what earlier steps hold, at least so many cells at a time."""
    # A row of scratch for each place: a number in all its cells, a result, or what a delay gives at its first bars.
    symbols, places = out.rows.shape[1], len(tree.operands) + len(tree.rows)
    scratch = np.empty((places, min(BLOCK, least_cells // LANES * LANES)))
    base, shift, passing = np.zeros((3, places), np.int64)
    for place, operand in enumerate(tree.operands):
        if isinstance(operand, Matrix):
            held = inputs[operand.step]
            base[place], shift[place], passing[place] = held.rows.ctypes.data, operand.bars * symbols, held.passing
        else:
            scratch[place] = operand
    base[-1], passing[-1] = out.rows.ctypes.data, out.passing
    program = np.array(tree.rows, np.int64)
    return lambda first, last: run_tree(program, base, shift, passing, scratch, first * symbols, last * symbols)


def _by_rows(step: Step, inputs: list[Held], out: Held) -> Run:
    if step.function in ("cs_rank", "cs_pct"):
        ranks = Ranks(out.rows.shape[1], step.function == "cs_rank", min(ROWS, len(out.rows)))
        return lambda first, last: ranks.fill(inputs[0].piece(first, last), out.piece(first, last))
    function, constants = _ROWS[step.function], step.constants

    def run(first: int, last: int) -> None:
        function(*[held.piece(first, last) for held in inputs], *constants, out=out.piece(first, last))

    return run


class _Work:
    """One evaluation: what its steps hold, and how groups of tasks fill it."""

    def __init__(self, plan: Plan, fields: Mapping[str, F64], given: Mapping[int, F64], spare: list[F64]) -> None:
        self._plan, self._fields = plan, fields
        # Trees know addresses only: a copy of a field whose rows do not follow one another has to outlive them.
        self._leaves: dict[int, Held] = {}
        self._held = {place: Held(matrix) for place, matrix in given.items()}
        self._memory = Memory(next(iter(fields.values())).shape, spare)

    def of(self, place: int) -> Held:
        """The values of a leaf, or of a step that is done."""
        if place not in self._held:
            step = self._plan.steps[place]
            if step.function == "field" and step.name != "market":
                if place not in self._leaves:
                    self._leaves[place] = Held(np.ascontiguousarray(self._fields[step.name], dtype=np.float64))
                return self._leaves[place]
            self._held[place] = Held(
                np.full(self._memory.shape, step.constants[0] if step.function == "number" else 0.0)
            )
        return self._held[place]

    def _prepared(self, task: int, out: Held) -> Run:
        tree = self._plan.tasks[task]
        if isinstance(tree, Tree):
            return _tree(
                tree, {place: self.of(place) for place in self._plan.reads[task]}, out, self._memory.least_cells
            )
        step = self._plan.steps[tree]
        inputs = [self.of(place) for place in step.inputs]
        if step.function in _WINDOWS:
            return lambda first, last: _window(step, [held.rows for held in inputs], out.rows)
        return _by_rows(step, inputs, out)

    def do(self, group: Sequence[int], stay: Collection[int]) -> None:
        """Run the tasks of a group together, some rows at a time; those that give what shall `stay` fill matrices."""
        plan, memory, runs = self._plan, self._memory, list[Run]()
        last_use = {place: task for task in group for place in plan.reads[task]}
        for task in group:
            place = plan.gives[task]
            out = Held(memory.whole()) if place in stay else memory.passing()
            runs.append(self._prepared(task, out))
            self._held[place] = out
            self.release(read for read in plan.reads[task] if last_use[read] == task and self.of(read).passing)
        for first, last in pairwise(memory.bounds if len(group) > 1 else (0, memory.shape[0])):
            for run in runs:
                run(first, last)

    def release(self, places: Iterable[int]) -> None:
        for place in places:
            if place in self._held:
                self._memory.release(self._held.pop(place))

    def close(self) -> None:
        self._memory.close()


def computed(
    plan: Plan, fields: Mapping[str, F64], wanted: Collection[int], given: Mapping[int, F64], spare: list[F64]
) -> dict[int, F64]:
    """The matrices of the steps `wanted`; those `given` are neither computed nor filled anew.

    The matrix of a field is that of `fields`, every other one that was not given is the caller's own.
    """
    groups = plan.groups(plan.towards(wanted, given))
    last_use = {place: number for number, group in enumerate(groups) for task in group for place in plan.reads[task]}
    last_use |= dict.fromkeys([*wanted, *given], len(groups))
    work = _Work(plan, fields, given, spare)
    for number, group in enumerate(groups):
        work.do(group, {place for place, last in last_use.items() if last > number})
        work.release(place for place, last in last_use.items() if last == number)
    work.close()
    return {place: work.of(place).rows for place in wanted}


def longer(fields: Mapping[str, F64]) -> dict[str, F64]:
    """A panel with too few cells to fill the lanes, and missing bars after its last: they change nothing before."""
    return {
        name: np.concatenate([values, np.full((LANES, values.shape[1]), np.nan)]) for name, values in fields.items()
    }


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
    if shape[0] * shape[1] < LANES:
        return evaluate(formula, longer(fields))[: shape[0]]
    last = len(plan.steps) - 1
    found = computed(plan, fields, (last,), {}, [] if spare is None else spare)[last]
    return found if plan.tasks else found.copy()
