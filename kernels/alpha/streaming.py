"""A formula one bar at a time, in memory that grows with its windows only: what runs live.

Written apart from the batch kernels on purpose: it keeps the last bars, and folds them again at each bar. Both must
give the same bits.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np

from kernels.alpha.elementwise import ELEMENTWISE, F64
from kernels.alpha.language import Call, Field, Node, Number

Step: TypeAlias = Callable[[Mapping[str, F64]], F64]


def _sum(rows: list[F64]) -> F64:
    total = rows[0]
    for row in rows[1:]:
        total = total + row
    return total


def _mean(rows: list[F64]) -> F64:
    return _sum(rows) / len(rows)


def _std(rows: list[F64]) -> F64:
    if len(rows) < 2:
        return np.full_like(rows[0], np.nan)
    mean = _mean(rows)
    squares = [(row - mean) * (row - mean) for row in rows]
    flat = np.isfinite(rows[0]) & np.all([row == rows[0] for row in rows], axis=0)
    return np.where(flat, 0.0, np.sqrt(_sum(squares) / (len(rows) - 1)))


def _least(rows: list[F64]) -> F64:
    least = rows[0]
    for row in rows[1:]:
        least = np.where((row < least) | np.isnan(row), row, least)
    return least + 0.0


def _most(rows: list[F64]) -> F64:
    return 0.0 - _least([-row for row in rows])


def _difference(rows: list[F64]) -> F64:
    return rows[-1] - rows[0]


def _oldest(rows: list[F64]) -> F64:
    return rows[0]


# Each fold and how many bars more than its literal it keeps.
_FOLDS: dict[str, tuple[Callable[[list[F64]], F64], int]] = {
    "delay": (_oldest, 1), "delta": (_difference, 1),
    "tsum": (_sum, 0), "tmean": (_mean, 0), "tstd": (_std, 0), "tmin": (_least, 0), "tmax": (_most, 0),
}  # fmt: skip


class _Window:
    """The last `bars` rows and what they fold to; NaN until there are so many."""

    def __init__(self, fold: Callable[[list[F64]], F64], bars: int) -> None:
        self._fold, self._rows = fold, deque[F64](maxlen=bars)

    def __call__(self, row: F64) -> F64:
        self._rows.append(row)
        return self._fold(list(self._rows)) if len(self._rows) == self._rows.maxlen else np.full_like(row, np.nan)


class _Ema:
    """Weight 2 / (bars + 1), started at the first known value; an unknown value repeats the last."""

    def __init__(self, bars: int) -> None:
        self._weight = 2.0 / (bars + 1)
        self._last: list[float] = []

    def __call__(self, row: F64) -> F64:
        before = self._last or [math.nan] * len(row)
        self._last = [self._next(last, value) for last, value in zip(before, row.tolist(), strict=True)]
        return np.array(self._last, dtype=np.float64)

    def _next(self, last: float, value: float) -> float:
        if math.isnan(value):
            return last
        return value if math.isnan(last) else (1.0 - self._weight) * last + self._weight * value


def _rank(row: F64) -> F64:
    known = [value for value in row.tolist() if not math.isnan(value)]
    others = len(known) - 1

    def scaled(value: float) -> float:
        below, equal = sum(other < value for other in known), sum(other == value for other in known)
        return (2 * below + equal - 1) / others - 1.0 if others else 0.0

    return np.array([math.nan if math.isnan(value) else scaled(value) for value in row.tolist()], dtype=np.float64)


def _z(row: F64) -> F64:
    known = [value for value in row.tolist() if not math.isnan(value)]
    total = squares = 0.0
    for value in known:
        total += value
    mean = total / len(known) if known else math.nan
    for value in known:
        squares += (value - mean) * (value - mean)
    spread = math.sqrt(squares / (len(known) - 1)) if len(known) > 1 else 0.0
    if spread == 0.0 or min(known) == max(known):
        return np.where(np.isnan(row), np.nan, 0.0)
    return np.array([(value - mean) / spread for value in row.tolist()], dtype=np.float64)


def _operation(call: Call) -> Callable[..., F64]:
    if call.function in _FOLDS:
        fold, more = _FOLDS[call.function]
        return _Window(fold, int(call.constants[0]) + more)
    if call.function == "ema":
        return _Ema(int(call.constants[0]))
    if call.function in ("cs_rank", "cs_z"):
        return _rank if call.function == "cs_rank" else _z
    return lambda *rows: ELEMENTWISE[call.function](*rows, *call.constants)


def _constant(row: F64, bar: Mapping[str, F64]) -> F64:
    return row


def _field(name: str, bar: Mapping[str, F64]) -> F64:
    # A copy, for windows keep it and the caller may fill the same buffer with the next bar.
    return bar[name].copy()


def _step(node: Node, symbols: int) -> Step:
    if isinstance(node, Number):
        return partial(_constant, np.full(symbols, node.value))
    if isinstance(node, Field):
        return partial(_field, node.name)
    inner = [_step(argument, symbols) for argument in node.arguments]
    operation = _operation(node)
    return lambda bar: operation(*[step(bar) for step in inner])


class Stream:
    """A running formula over `symbols` columns, in the order of the batch matrices."""

    def __init__(self, formula: Node, symbols: int) -> None:
        self._step = _step(formula, symbols)

    def push(self, bar: Mapping[str, F64]) -> F64:
        """The formula's (S,) values at this bar; `bar` maps each field to its (S,) values, NaN where no bar is."""
        with np.errstate(all="ignore"):
            return self._step(bar)
