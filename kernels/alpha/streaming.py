"""A formula one bar at a time, in memory that grows with its windows only: what runs live.

Written apart from the batch kernels on purpose: rows of numpy and plain Python, where those are loops of numba over
whole matrices. Both must give the same bits. All that a stream knows is in `state`, so another process can go on.
"""

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kernels.alpha.elementwise import ELEMENTWISE, F64
from kernels.alpha.language import FIELDS, GROUPS, Node
from kernels.alpha.program import Step, compiled
from kernels.alpha.stream_windows import WINDOWS, Memory

Row: TypeAlias = F64


def _scores(row: Row, score: Callable[[list[float], float], float]) -> Row:
    """`score(known, value)` of each known value of a row."""
    known = [value for value in row.tolist() if not math.isnan(value)]
    return np.array([math.nan if math.isnan(value) else score(known, value) for value in row.tolist()], dtype=float)


def _centred(known: list[float], value: float) -> float:
    others = len(known) - 1
    below, equal = sum(other < value for other in known), sum(other == value for other in known)
    return (2 * below + equal - 1) / others - 1.0 if others else 0.0


def _share(known: list[float], value: float) -> float:
    below, equal = sum(other < value for other in known), sum(other == value for other in known)
    return (2 * below + equal + 1) / 2.0 / len(known)


def _total(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def _z(row: Row) -> Row:
    known = [value for value in row.tolist() if not math.isnan(value)]
    mean = _total(known) / len(known) if known else math.nan
    squares = _total([(value - mean) * (value - mean) for value in known])
    spread = math.sqrt(squares / (len(known) - 1)) if len(known) > 1 else 0.0
    if spread == 0.0 or min(known) == max(known):
        return np.where(np.isnan(row), np.nan, 0.0)
    return np.array([(value - mean) / spread for value in row.tolist()], dtype=np.float64)


def _scale(row: Row) -> Row:
    return row / np.array(_total([abs(value) for value in row.tolist() if not math.isnan(value)]))


def _neutralise(row: Row, group: Row) -> Row:
    members: dict[float, list[float]] = {}
    for value, name in zip(row.tolist(), group.tolist(), strict=True):
        if not math.isnan(value) and not math.isnan(name):
            members.setdefault(name, []).append(value)
    means = {name: _total(values) / len(values) for name, values in members.items()}
    return row - np.array([means.get(name, math.nan) for name in group.tolist()], dtype=np.float64)


_ACROSS: dict[str, Callable[..., Row]] = {
    "cs_rank": lambda row: _scores(row, _centred), "cs_pct": lambda row: _scores(row, _share),
    "cs_z": _z, "cs_scale": _scale, "neutralise": _neutralise,
}  # fmt: skip
_AT_ONE_BAR: dict[str, Callable[..., Row]] = {**ELEMENTWISE, **_ACROSS}


@dataclass(frozen=True)
class State:
    """What a stream carries from bar to bar: the absolute number of the next bar, and each window's memory."""

    bar: int
    memories: tuple[Memory, ...]


def _memory(step: Step, symbols: int) -> Memory:
    return WINDOWS[step.function].fresh(int(step.constants[0]), symbols) if step.function in WINDOWS else {}


class Stream:
    """A running formula over `symbols` columns, in the order of the batch matrices.

    Starts at the panel's first bar, or goes on from the `state` of a stream of the same formula and symbols.
    Raises FormulaError for a field that `fields` lacks and for a free parameter without a value.
    """

    def __init__(
        self, formula: Node, symbols: int, state: State | None = None, fields: tuple[str, ...] = FIELDS + GROUPS
    ) -> None:
        self._steps, self._symbols = compiled(formula, fields), symbols
        self._bar = state.bar if state else 0
        fresh = tuple(_memory(step, symbols) for step in self._steps)
        self._memories = deepcopy(state.memories) if state else fresh
        shapes = [{name: row.shape for name, row in memory.items()} for memory in self._memories]
        expected = [{name: row.shape for name, row in memory.items()} for memory in fresh]
        assert shapes == expected, "the state is of another formula or another number of symbols"

    @property
    def state(self) -> State:
        """A copy: it stays as it is while this stream runs on."""
        return State(self._bar, deepcopy(self._memories))

    def _value(self, step: Step, memory: Memory, rows: list[Row], bar: Mapping[str, Row]) -> Row:
        if step.function == "number":
            return np.full(self._symbols, step.constants[0])
        if step.function == "field":
            # A copy, for the caller may fill the same buffer with the next bar.
            return np.zeros(self._symbols) if step.name == "market" else bar[step.name].copy()
        if step.function in WINDOWS:
            return WINDOWS[step.function].push(memory, self._bar, int(step.constants[0]), *rows)
        return _AT_ONE_BAR[step.function](*rows, *step.constants)

    def push(self, bar: Mapping[str, Row]) -> Row:
        """The formula's (S,) values at this bar; `bar` maps each field to its (S,) values, NaN where no bar is."""
        rows: list[Row] = []
        with np.errstate(all="ignore"):
            for step, memory in zip(self._steps, self._memories, strict=True):
                rows.append(self._value(step, memory, [rows[place] for place in step.inputs], bar))
        self._bar += 1
        return rows[-1]
