"""The windows of a stream, a row of symbols at a time: each keeps its last bars in a ring and what it runs.

A memory is a few named arrays and nothing else. `fresh` makes one for a window of so many bars, `push` changes it in
place and gives the new row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from kernels.alpha import stream_sums
from kernels.alpha.elementwise import F64
from kernels.alpha.stream_sums import Memory, fresh_sums, oldest_first


@dataclass(frozen=True)
class Window:
    fresh: Callable[[int, int], Memory]
    push: Callable[..., F64]


def _ring(bars: int, symbols: int) -> Memory:
    return {"ring": np.full((bars, symbols), np.nan)}


def _delay(memory: Memory, bar: int, bars: int, row: F64) -> F64:
    if bars == 0:
        return row
    old = memory["ring"][bar % bars].copy()
    memory["ring"][bar % bars] = row
    return old


def _delta(memory: Memory, bar: int, bars: int, row: F64) -> F64:
    return row - _delay(memory, bar, bars, row)


def _folded(fold: Callable[[list[F64]], F64], memory: Memory, bar: int, bars: int, row: F64) -> F64:
    memory["ring"][bar % bars] = row
    return fold(oldest_first(memory["ring"], bar)) if bar >= bars - 1 else np.full_like(row, np.nan)


def _least(rows: list[F64]) -> F64:
    least = rows[0]
    for row in rows[1:]:
        least = np.where((row < least) | np.isnan(row), row, least)
    return least + 0.0


def _most(rows: list[F64]) -> F64:
    return 0.0 - _least([-row for row in rows])


def _place_of_most(rows: list[F64]) -> F64:
    window = np.array(rows)
    return np.where(np.isnan(window).any(axis=0), np.nan, np.argmax(window, axis=0) + 1.0)


def _place_of_least(rows: list[F64]) -> F64:
    return _place_of_most([-row for row in rows])


def _rank(rows: list[F64]) -> F64:
    window, now = np.array(rows), rows[-1]
    below, equal = (window < now).sum(axis=0), (window == now).sum(axis=0)
    known = (~np.isnan(window)).sum(axis=0)
    return np.where(np.isnan(now), np.nan, (below + (equal + 1.0) / 2.0) / known)


def _ema(memory: Memory, bar: int, bars: int, row: F64) -> F64:
    last, missing = memory["ema"]
    weight, unknown = 2.0 / (bars + 1.0), np.isnan(row)
    missing[:] = np.where(unknown, missing + 1.0, 0.0)
    blend = np.where(np.isnan(last), row, (1.0 - weight) * last + weight * row)
    last[:] = np.where(unknown, np.where(missing >= bars, np.nan, last), blend)
    return last.copy()


def _fresh_ema(bars: int, symbols: int) -> Memory:
    return {"ema": np.array([np.full(symbols, np.nan), np.zeros(symbols)])}


def _sums(rows: int, sides: int, push: Callable[..., F64]) -> Window:
    return Window(partial(fresh_sums, rows=rows, sides=sides), push)


WINDOWS: dict[str, Window] = {
    "tsum": _sums(1, 1, partial(stream_sums.total, divided=False)),
    "tmean": _sums(1, 1, partial(stream_sums.total, divided=True)),
    "tstd": _sums(2, 1, stream_sums.std),
    "decay_linear": _sums(2, 1, stream_sums.decay),
    "tslope": _sums(2, 1, stream_sums.slope),
    "tcov": _sums(5, 2, stream_sums.cov),
    "tcorr": _sums(5, 2, stream_sums.corr),
    "delay": Window(_ring, _delay),
    "delta": Window(_ring, _delta),
    "ema": Window(_fresh_ema, _ema),
    "tmin": Window(_ring, partial(_folded, _least)),
    "tmax": Window(_ring, partial(_folded, _most)),
    "targmin": Window(_ring, partial(_folded, _place_of_least)),
    "targmax": Window(_ring, partial(_folded, _place_of_most)),
    "trank": Window(_ring, partial(_folded, _rank)),
}
