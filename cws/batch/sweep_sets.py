"""A sweep's grid as sub-grids in words, and the trial keys of its sets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from blake3 import blake3

from cws.batch.grid import I64, Axis, Grid, Scalar, need_distinct, need_room, written_axes
from cws.batch.plan import SWEEP, Plan
from cws.batch.recipe import Sweep
from cws.trials import HOLE, Task
from modules.backtest.sweep_plan import planned
from modules.backtest.sweep_settings import SweepSettings
from modules.canonical import json_text
from modules.registry import load
from modules.settings import Bound, bind
from modules.value_words import values_of

# Of the module's setting `grid`, which is where a sub-grid is handed over.
MAX_WORDS = 480
# Not asked of the data: how many sets there may be, which of them, and whose curves are shown.
NOT_ASKED = ("grid", "max_sets", "curve_sets")
# As many as one axis can have; the batch's own limit is asked before.
MODULE_SETS = 1_000_000


def bound_sweep(recipe: Sweep, **changed: object) -> Bound:
    """The module with the recipe's settings. Raises what `modules.settings.bind` raises."""
    return bind(
        load(SWEEP), {**recipe.settings, "max_sets": MODULE_SETS, **changed}, where=f"{recipe.name}.toml [settings]"
    )


def number_words(value: float) -> str:
    """A number so that reading it gives the same float, without an exponent."""
    return np.format_float_positional(value, unique=True, trim="-")


def sweep_grid(recipe: Sweep, text: str, max_sets: int | None) -> Grid:
    """The grid of a sweep, or the one that `text` says instead; every value is seen by the rule before anything runs.

    Raises CWS-BATCH-001 to -003, and what the module says of the rule's parameters.
    """
    own = bind(load(SWEEP), recipe.settings, where=f"{recipe.name}.toml [settings]").settings.model_dump()
    text = text or str(own["grid"])
    words = written_axes(text)
    grid = Grid(tuple(Axis(name, _numbers(said, text), said) for name, said in words))
    need_room(grid.size, max_sets or int(own["max_sets"]), f"{recipe.name}.toml")
    for axis in grid.axes:
        need_distinct(axis, [number_words(float(value)) for value in axis.values], f"{recipe.name}.toml")
    order: tuple[str, ...] = ()
    # Each parameter's every value, beside the least and the largest of the others.
    for axis, (name, said) in zip(grid.axes, words, strict=True):
        others = [f"{other.name} {_corner(other)}" for other in grid.axes if other is not axis]
        settings = bound_sweep(recipe, grid=", ".join([f"{name} {said}", *others])).settings
        assert isinstance(settings, SweepSettings)
        order = planned(settings, MODULE_SETS).parameters
    # Sets are numbered by the rule's own order of parameters, however the grid was written.
    return Grid(tuple(sorted(grid.axes, key=lambda axis: order.index(axis.name))))


def _corner(axis: Axis) -> str:
    values = sorted({float(value) for value in axis.values})
    return " ".join(number_words(value) for value in dict.fromkeys([values[0], values[-1]]))


def _numbers(words: str, text: str) -> tuple[Scalar, ...]:
    return tuple(int(number) if number.is_integer() else number for number in values_of(words, text))


@dataclass(frozen=True)
class SubGrid:
    """Sets [first, first + size) of the grid as a grid of their own, in words."""

    first: int
    size: int
    words: str


class Cutter:
    """Cuts runs of sets into sub-grids: leading axes at one value, one axis at a few, those behind it whole."""

    def __init__(self, grid: Grid, most_sets: int) -> None:
        self._grid, self._most = grid, most_sets
        sizes = [len(axis.values) for axis in grid.axes]
        self._behind = [int(np.prod(sizes[at + 1 :], dtype=np.int64)) for at in range(len(sizes))]

    def cut(self, first: int, end: int) -> Iterator[SubGrid]:
        while first < end:
            axis, count = self._largest(first, end)
            size = count * self._behind[axis]
            yield SubGrid(first, size, self._words(first, axis, count))
            first += size

    def _largest(self, first: int, end: int) -> tuple[int, int]:
        """(axis, how many of its values) of the largest sub-grid that begins at `first`."""
        room = min(end - first, self._most)
        for axis, behind in enumerate(self._behind):
            if behind > room or first % behind:
                continue
            place = first // behind % len(self._grid.axes[axis].values)
            count = self._fitting(first, axis, min(room // behind, len(self._grid.axes[axis].values) - place))
            # Where one value is too much, what stands whole behind it is: an axis further in is cut.
            if count:
                return axis, count
        return len(self._behind) - 1, 1

    def _fitting(self, first: int, axis: int, count: int) -> int:
        """At most `count` values of the axis that can be said in MAX_WORDS; 0 where one cannot."""
        while count and len(self._words(first, axis, count)) > MAX_WORDS:
            count //= 2
        return count

    def _words(self, first: int, axis: int, count: int) -> str:
        places = [int(place[0]) for place in self._grid.places(np.array([first], dtype=np.int64))]
        said: list[str] = []
        for at, one in enumerate(self._grid.axes):
            taken = one.values[places[at] : places[at] + (count if at == axis else 1)]
            whole = at > axis or len(taken) == len(one.values)
            said.append(f"{one.name} {one.words if whole else _few(taken)}")
        return ", ".join(said)


def _few(values: Sequence[object]) -> str:
    """Whole numbers at equal steps upwards as a range, which is exact; anything else one by one."""
    numbers = [float(str(value)) for value in values]
    steps = {later - before for before, later in pairwise(numbers)}
    upwards = len(steps) == 1 and min(steps) > 0.0
    if upwards and all(number.is_integer() and abs(number) < 2**52 for number in numbers):
        return f"{number_words(numbers[0])}..{number_words(numbers[-1])} by {number_words(steps.pop())}"
    return " ".join(number_words(number) for number in numbers)


class KeyMaker:
    """Trial keys of a sweep's sets: a set's settings are those of the recipe with one value of each parameter."""

    def __init__(self, plan: Plan, settings: Mapping[str, object]) -> None:
        bars = plan.pins["bars"]
        self._task = Task(plan.counted_as, "", {f"{bars.table}/{bars.part}": bars.hash}, "all", plan.code, dict)
        asked = {name: value for name, value in settings.items() if name not in NOT_ASKED}
        self._around = {symbol: _around(asked, symbol) for symbol in plan.symbols}
        self._axes = sorted(enumerate(plan.grid.axes), key=lambda one: one[1].name)
        self._said = {
            at: [f"{json_text(axis.name)}:{json_text(float(value))}" for value in axis.values]
            for at, axis in self._axes
        }

    def keys(self, places: Sequence[I64], symbol: str) -> list[str]:
        """The keys of the sets whose values stand at `places`, one array an axis."""
        before, after = self._around[symbol]
        columns = [[self._said[at][place] for place in places[at].tolist()] for at, _ in self._axes]
        texts = (f"{before}{{{','.join(said)}}}{after}" for said in zip(*columns, strict=True))
        return self._task.keys("b3:" + blake3(text.encode()).hexdigest() for text in texts)


def _around(asked: Mapping[str, object], symbol: str) -> tuple[str, str]:
    """The canonical JSON of a set's settings before and after its parameters."""
    text = json_text({"module": SWEEP, "parameters": HOLE, "settings": asked, "symbol": symbol})
    before, after = text.split(json_text(HOLE))
    return before, after
