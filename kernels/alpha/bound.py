"""The tasks of a plan bound to the matrices that they read and fill: calls that do some rows, in their order."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kernels.alpha import clib, orders, pairs, windows
from kernels.alpha.elementwise import F64
from kernels.alpha.elementwise_blocks import BLOCK, I64, run
from kernels.alpha.plan import Matrix, Plan, Tree
from kernels.alpha.program import Step
from kernels.cross_section import centred_rank, neutralised, share_rank, unit_size, zscore
from kernels.lanes import LANES

# From a row up to another.
Rows: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True)
class Window:
    """A kernel, the lanes of its state for a group of symbols, and what it takes beside the bars of its window."""

    kernel: Callable[..., None]
    state: int
    more: Callable[[int], tuple[float, ...]] = lambda bars: ()


WINDOWS = {
    "tsum": Window(windows.running_sum, 5, lambda bars: (1.0,)),
    "tmean": Window(windows.running_sum, 5, lambda bars: (float(bars),)),
    "tstd": Window(windows.running_std, 7),
    "decay_linear": Window(windows.running_weighted, 7, lambda bars: (False,)),
    "tslope": Window(windows.running_weighted, 7, lambda bars: (True,)),
    "tcov": Window(pairs.running_pair, 15, lambda bars: (False,)),
    "tcorr": Window(pairs.running_pair, 15, lambda bars: (True,)),
    "tmin": Window(orders.extreme_in_window, 2, lambda bars: (1.0,)),
    "tmax": Window(orders.extreme_in_window, 2, lambda bars: (-1.0,)),
    "targmin": Window(orders.place_in_window, 1, lambda bars: (-1.0,)),
    "targmax": Window(orders.place_in_window, 1, lambda bars: (1.0,)),
    "trank": Window(orders.rank_in_window, 1),
    "ema": Window(orders.exponential_mean, 2),
}
# Of a lone bar these say nothing.
_OF_TWO_BARS = ("tstd", "tslope", "tcov", "tcorr")
# Rows, constants, and where the result goes.
_WHOLE: dict[str, Callable[..., F64]] = {
    "cs_rank": centred_rank, "cs_pct": share_rank, "cs_z": zscore, "cs_scale": unit_size, "neutralise": neutralised,
    "log": clib.log, "log1p": clib.log1p, "signed_power": clib.signed_power,
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """The values of a step: of all rows, or (`near`) of those in progress only."""

    values: F64
    near: bool = False

    def rows(self, start: int, end: int) -> F64:
        return self.values[: end - start] if self.near else self.values[start:end]


def _looked_back_on(plan: Plan, tasks: Collection[int]) -> set[int]:
    """Steps whose earlier rows are read again."""
    found: set[int] = set()
    for task in (plan.tasks[number] for number in tasks):
        if isinstance(task, Tree):
            found |= {operand.step for operand in task.operands if isinstance(operand, Matrix) and operand.bars}
        elif plan.steps[task].function in WINDOWS:
            found |= {*plan.steps[task].inputs}
    return found


class Matrices:
    """Of one evaluation: whole ones of what is wanted or looked back on, and some rows of all else.

    Rows that no later task needs are filled by the next one.
    """

    def __init__(
        self, plan: Plan, tasks: Sequence[int], fields: Mapping[str, F64], wanted: set[int],
        given: Mapping[int, F64], rows: int, spare: list[F64],
    ) -> None:  # fmt: skip
        self.steps, self._fields, self._rows, self._spare = plan.steps, fields, rows, spare
        self.shape = next(iter(fields.values())).shape
        self._held = {place: Held(values) for place, values in given.items()}
        self._given = set(given)
        self._whole = wanted | _looked_back_on(plan, tasks)
        self._last_use = {place: plan.gives[task] for task in tasks for place in plan.reads[task]}
        self._reads = {plan.gives[task]: plan.reads[task] for task in tasks}
        self._free: list[F64] = []

    def of(self, place: int) -> Held:
        """The values of a leaf, or of a step that is bound."""
        if place not in self._held:
            self._held[place] = Held(self._leaf(self.steps[place]))
        return self._held[place]

    def _leaf(self, step: Step) -> F64:
        if step.function == "field" and step.name != "market":
            return np.ascontiguousarray(self._fields[step.name], dtype=np.float64)
        return np.full(self.shape, step.constants[0] if step.function == "number" else 0.0)

    def to_fill(self, place: int) -> Held:
        """Where the task of a step puts its values."""
        if place in self._whole:
            held = Held(self._spare.pop() if self._spare else np.empty(self.shape))
        else:
            held = Held(self._free.pop() if self._free else np.empty((self._rows, self.shape[1])), near=True)
        self._held[place] = held
        for read in self._reads[place]:
            if self._held[read].near and self._last_use[read] == place:
                self._free.append(self._held[read].values)
        return held

    def done(self, wanted: Collection[int]) -> dict[int, F64]:
        """The matrices of the steps `wanted`; what else was filled becomes spare."""
        found = {place: self.of(place).values for place in wanted}
        self._spare += [self._held[place].values for place in self._whole & self._reads.keys() if place not in found]
        return found


def _narrow(step: Step, inputs: Sequence[F64], out: F64) -> None:
    """A window over fewer symbols than lanes: those without a symbol are missing."""
    bars, symbols = out.shape
    wide = [np.full((bars, LANES), np.nan) for _ in [*inputs, out]]
    for held, x in zip(wide, inputs, strict=False):
        held[:, :symbols] = x
    window, n = WINDOWS[step.function], int(step.constants[0])
    state = np.zeros(window.state * LANES)
    flat = [held.reshape(-1) for held in wide]
    window.kernel(*flat[:-1], LANES, n, *window.more(n), 0, bars, state, 0, flat[-1])
    out[:] = wide[-1][:, :symbols]


def _windowed(step: Step, inputs: Sequence[F64], to: Held, symbols: int) -> Rows:
    n, window = int(step.constants[0]), WINDOWS[step.function]
    if n < 2 and step.function in _OF_TWO_BARS:
        return lambda start, end: to.rows(start, end).fill(np.nan)
    if symbols < LANES:
        return lambda start, end: _narrow(step, inputs, to.rows(start, end))
    flat, out = [x.reshape(-1) for x in inputs], to.values.reshape(-1)
    state = np.zeros((symbols + LANES - 1) // LANES * LANES * window.state)
    kernel, constants, near = window.kernel, window.more(n), int(to.near)
    return lambda start, end: kernel(
        *flat, symbols, n, *constants, start, end, state, near * start * symbols, out
    )


@dataclass(frozen=True)
class _Grown:
    """A tree of operators from a cell up to another, at least as many as there are lanes."""

    arrays: tuple[I64, ...]
    # What the arrays know by its address only must live as long as they do.
    alive: tuple[object, ...]

    def __call__(self, first: int, last: int) -> None:
        run(*self.arrays, first, last, min(BLOCK, (last - first) // LANES * LANES))


def _grown(tree: Tree, operands: Mapping[int, Held], to: Held, symbols: int) -> _Grown:
    # A row of scratch for each place: a number in all its cells, a result, or what a delay gives at its first bars.
    places = len(tree.operands) + len(tree.rows)
    scratch = np.empty((places, BLOCK))
    spare = scratch.ctypes.data + 8 * BLOCK * np.arange(places)
    base, moves, shift, near = spare.copy(), *np.zeros((3, places), np.int64)
    for place, operand in enumerate(tree.operands):
        if isinstance(operand, Matrix):
            held = operands[operand.step]
            base[place], moves[place], near[place] = held.values.ctypes.data, 1, held.near
            shift[place] = operand.bars * symbols
        else:
            scratch[place] = operand
    base[-1], moves[-1], near[-1] = to.values.ctypes.data, 1, to.near
    return _Grown((np.array(tree.rows, np.int64), base, moves, shift, near, spare), (scratch, operands, to))


def _tree(tree: Tree, operands: Mapping[int, Held], to: Held) -> Rows:
    bars, symbols = to.values.shape
    if bars * symbols >= LANES:
        grown = _grown(tree, operands, to, symbols)
        return lambda start, end: grown(start * symbols, end * symbols)

    def few(start: int, end: int) -> None:
        # Too few cells to fill the lanes once.
        wide = {step: Held(np.resize(held.values, LANES)) for step, held in operands.items()}
        found = np.empty(LANES)
        _grown(tree, wide, Held(found), symbols)(0, LANES)
        to.rows(start, end)[:] = found[: bars * symbols].reshape(bars, symbols)

    return few


def _whole(step: Step, inputs: Sequence[Held], to: Held) -> Rows:
    function, constants = _WHOLE[step.function], step.constants

    def call(start: int, end: int) -> None:
        function(*[held.rows(start, end) for held in inputs], *constants, out=to.rows(start, end))

    return call


def bound(task: Tree | int, matrices: Matrices) -> Rows:
    """What fills some rows of a task's values; the tasks that it reads must be bound before."""
    if isinstance(task, Tree):
        operands = {each.step: matrices.of(each.step) for each in task.operands if isinstance(each, Matrix)}
        return _tree(task, operands, matrices.to_fill(task.step))
    step = matrices.steps[task]
    inputs = [matrices.of(place) for place in step.inputs]
    to = matrices.to_fill(task)
    if step.function in WINDOWS:
        return _windowed(step, [held.values for held in inputs], to, matrices.shape[1])
    return _whole(step, inputs, to)
