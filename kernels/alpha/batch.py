"""A formula over a whole panel at once: (T, S) matrices in, one (T, S) matrix out.

Each function runs over the whole matrix, sums in vector lanes across symbols, and each tree of operators in one pass;
nothing here goes bar by bar through the formula as `kernels.alpha.streaming` does. docs/alpha.md says what both must
give.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np

from kernels.alpha import clib, orders, pairs, windows
from kernels.alpha.elementwise import F64
from kernels.alpha.elementwise_blocks import BLOCK, run
from kernels.alpha.language import Node
from kernels.alpha.plan import Matrix, Plan, Tree, planned
from kernels.alpha.program import Step
from kernels.cross_section import centred_rank, share_rank, zscore
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
# Cells of three huge pages, of which two lie whole in any such stretch.
_HUGE = 3 << 18
# Of a lone bar these say nothing.
_OF_TWO_BARS = ("tstd", "tslope", "tcov", "tcorr")
# Matrices, constants, and where the result may go.
_WHOLE: dict[str, Callable[..., F64]] = {
    "cs_rank": centred_rank, "cs_pct": share_rank, "cs_z": zscore, "cs_scale": unit_size, "neutralise": neutralised,
    "log": clib.log, "log1p": clib.log1p, "signed_power": clib.signed_power,
}  # fmt: skip


def _windowed(step: Step, inputs: list[F64], out: F64) -> F64:
    symbols, bars = out.shape[1], int(step.constants[0])
    if bars < 2 and step.function in _OF_TWO_BARS:
        out[:] = np.nan
        return out
    kernel = _WINDOWS[step.function]
    if symbols >= LANES:
        kernel(*[x.reshape(-1) for x in inputs], symbols, bars, out.reshape(-1))
        return out
    # Lanes without a symbol are missing.
    wide = [np.full((len(out), LANES), np.nan) for _ in [*inputs, out]]
    for held, x in zip(wide, inputs, strict=False):
        held[:, :symbols] = x
    kernel(*[held.reshape(-1) for held in wide[:-1]], LANES, bars, wide[-1].reshape(-1))
    out[:] = wide[-1][:, :symbols]
    return out


def _grow(tree: Tree, matrices: Mapping[int, F64], symbols: int, out: F64) -> None:
    """Run a tree of operators over the matrices of earlier steps."""
    # A row of scratch for each place: a number in all its cells, a result, or what a delay gives at its first bars.
    block, places = min(BLOCK, out.size // LANES * LANES), len(tree.operands) + len(tree.rows)
    scratch = np.empty((places, block))
    spare = scratch.ctypes.data + 8 * block * np.arange(places)
    base, moves, shift = spare.copy(), np.zeros(places, np.int64), np.zeros(places, np.int64)
    for place, operand in enumerate(tree.operands):
        if isinstance(operand, Matrix):
            base[place], moves[place] = matrices[operand.step].ctypes.data, 1
            shift[place] = operand.bars * symbols
        else:
            scratch[place] = operand
    base[-1], moves[-1] = out.ctypes.data, 1
    run(np.array(tree.rows, np.int64), base, moves, shift, spare, out.size, block)


def _tree(tree: Tree, matrices: Mapping[int, F64], out: F64) -> F64:
    if out.size >= LANES:
        _grow(tree, matrices, out.shape[1], out)
        return out
    # Too few cells to fill the lanes once.
    wide = {step: np.resize(matrix, LANES) for step, matrix in matrices.items()}
    found = np.empty(LANES)
    _grow(tree, wide, out.shape[1], found)
    out[:] = found[: out.size].reshape(out.shape)
    return out


def _empty(shape: tuple[int, ...]) -> F64:
    """A matrix; a large one takes room enough for numpy to ask for huge pages, which it does from 4 MiB on."""
    cells = shape[0] * shape[1]
    return np.empty(max(cells, _HUGE) if 2 * cells > _HUGE else cells)[:cells].reshape(shape)


class _Matrices:
    """Of one evaluation: those that later tasks need, and those that may be filled anew."""

    def __init__(self, plan: Plan, fields: Mapping[str, F64], given: Mapping[int, F64], spare: list[F64]) -> None:
        self._steps, self._fields, self._shape = plan.steps, fields, next(iter(fields.values())).shape
        self._kept: dict[int, F64] = dict(given)
        self._free = spare

    def of(self, place: int) -> F64:
        """The values of a leaf, or of a step that is done."""
        step = self._steps[place]
        if step.function == "field" and step.name != "market":
            return np.ascontiguousarray(self._fields[step.name], dtype=np.float64)
        if place not in self._kept:
            self._kept[place] = np.full(self._shape, step.constants[0] if step.function == "number" else 0.0)
        return self._kept[place]

    def keep(self, place: int, values: F64) -> None:
        self._kept[place] = values

    def fresh(self) -> F64:
        return self._free.pop() if self._free else _empty(self._shape)

    def release(self, places: Iterable[int]) -> None:
        self._free += [self._kept.pop(place) for place in places if place in self._kept]


def _done(task: Tree | int, steps: tuple[Step, ...], matrices: _Matrices) -> F64:
    if isinstance(task, Tree):
        needed = {operand.step: matrices.of(operand.step) for operand in task.operands if isinstance(operand, Matrix)}
        return _tree(task, needed, matrices.fresh())
    step = steps[task]
    inputs = [matrices.of(place) for place in step.inputs]
    if step.function in _WINDOWS:
        return _windowed(step, inputs, matrices.fresh())
    return _WHOLE[step.function](*inputs, *step.constants, out=matrices.fresh())


def computed(
    plan: Plan, fields: Mapping[str, F64], wanted: Collection[int], given: Mapping[int, F64], spare: list[F64]
) -> dict[int, F64]:
    """The matrices of the steps `wanted`; those `given` are neither computed nor filled anew.

    The matrix of a field is that of `fields`, every other one that was not given is the caller's own.
    """
    tasks = plan.towards(wanted, given)
    last_use = {place: task for task in tasks for place in plan.reads[task]}
    matrices, stay = _Matrices(plan, fields, given, spare), {*wanted, *given}
    for task in tasks:
        matrices.keep(plan.gives[task], _done(plan.tasks[task], plan.steps, matrices))
        matrices.release(place for place in plan.reads[task] if last_use[place] == task and place not in stay)
    return {place: matrices.of(place) for place in wanted}


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
