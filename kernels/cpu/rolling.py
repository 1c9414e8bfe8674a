"""The rolling statistics of kernels/reference, all windows at once: the oldest bar of each first, then the next.

Each window still sums from oldest to newest, and neighbouring windows are independent, so LLVM turns the loop over
windows into vector code. kernels.ordered does the same with numpy for modules that run before anything is compiled;
a test holds the two, and the plain loops, to the same bytes.
The compiler's disk cache looks at this file alone: nothing compiled here calls what is compiled elsewhere.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from typing import Any

import numpy as np
from numba import njit

from kernels.sweep_inputs import F64


def _compiled(function: Any) -> Any:
    # No fast-math, no contraction: the operation order is the semantics.
    return njit(error_model="numpy", nogil=True, cache=True)(function)


@_compiled
def _sums(values, bars):
    """(T - bars + 1,) sums of every window."""
    total = values[: values.size - bars + 1].copy()
    for slot in range(1, bars):
        for t in range(total.size):
            total[t] = total[t] + values[t + slot]
    return total


@_compiled
def _products(y, x, mean_y, mean_x, bars):
    """Sums of (y - its mean) * (x - its mean) of every window."""
    total = np.zeros(mean_y.size)
    for slot in range(bars):
        for t in range(total.size):
            total[t] = total[t] + (y[t + slot] - mean_y[t]) * (x[t + slot] - mean_x[t])
    return total


@_compiled
def _flat(values, bars):
    """Whether every window holds one finite value."""
    out, run = np.zeros(max(values.size - bars + 1, 0), dtype=np.bool_), 0
    for t in range(values.size):
        same = t > 0 and values[t] == values[t - 1] and math.isfinite(values[t])
        run = run + 1 if same else int(math.isfinite(values[t]))
        if t >= bars - 1:
            out[t - bars + 1] = run >= bars
    return out


@_compiled
def _lowest(values, bars):
    best, broken = values[: values.size - bars + 1].copy(), np.isnan(values[: values.size - bars + 1])
    for slot in range(1, bars):
        for t in range(best.size):
            value = values[t + slot]
            broken[t] = broken[t] | (value != value)
            best[t] = value if value < best[t] else best[t]
    return np.where(broken, math.nan, best + 0.0)


@_compiled
def _ranks(values, bars):
    size = values.size - bars + 1
    below, equal, broken = np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.bool_)
    for slot in range(bars):
        for t in range(size):
            value, newest = values[t + slot], values[t + bars - 1]
            broken[t] = broken[t] | (value != value)
            below[t] = below[t] + (1.0 if value < newest else 0.0)
            equal[t] = equal[t] + (1.0 if value == newest else 0.0)
    return np.where(broken, math.nan, (below + (equal + 1.0) / 2.0) / bars)


@_compiled
def _ewma(values, weight):
    out, last = np.empty(values.size), math.nan
    for t in range(values.size):
        value = values[t]
        if value == value:
            last = value if last != last else (1.0 - weight) * last + weight * value
        out[t] = last
    return out


def _late(values: F64, bars: int, full: F64) -> F64:
    """The values of full windows, after the missing first bars - 1."""
    out = np.full(len(values), math.nan)
    out[len(values) - len(full) :] = full
    return out


def _own(values: F64, bars: int) -> F64:
    """The values in a row of memory; none when no window is full."""
    assert bars >= 1, "a window holds at least one bar"
    return np.ascontiguousarray(values if bars <= len(values) else np.empty(0), dtype=np.float64)


def mean(values: F64, bars: int) -> F64:
    """Sum / bars."""
    own = _own(values, bars)
    return _late(values, bars, _sums(own, bars) / bars if own.size else own)


def var(values: F64, bars: int) -> F64:
    """Two-pass sample variance (n - 1); exactly 0 where all values are equal; missing for bars < 2."""
    own = _own(values, bars)
    if bars < 2 or not own.size:
        return np.full(len(values), math.nan)
    centre = _sums(own, bars) / bars
    spread = _products(own, own, centre, centre, bars) / (bars - 1)
    return _late(values, bars, np.where(_flat(own, bars), 0.0, spread))


def std(values: F64, bars: int) -> F64:
    """Square root of `var`."""
    return np.sqrt(var(values, bars))


def lowest(values: F64, bars: int) -> F64:
    """Smallest value; a zero is +0.0."""
    own = _own(values, bars)
    return _late(values, bars, _lowest(own, bars) if own.size else own)


def highest(values: F64, bars: int) -> F64:
    """Largest value; a zero is +0.0."""
    return -lowest(-values, bars) + 0.0


def rank(values: F64, bars: int) -> F64:
    """Rank of the newest value in its window, ties averaged, over bars: in (0, 1]."""
    own = _own(values, bars)
    return _late(values, bars, _ranks(own, bars) if own.size else own)


def corr(y: F64, x: F64, bars: int) -> F64:
    """Pearson's correlation from two passes; missing where y or x does not vary."""
    own_y, own_x = _own(y, bars), _own(x, bars)
    if not own_y.size:
        return np.full(len(y), math.nan)
    mean_y, mean_x = _sums(own_y, bars) / bars, _sums(own_x, bars) / bars
    both = _products(own_y, own_x, mean_y, mean_x, bars)
    of_x, of_y = _products(own_x, own_x, mean_x, mean_x, bars), _products(own_y, own_y, mean_y, mean_y, bars)
    with np.errstate(all="ignore"):
        share = both / (np.sqrt(of_x) * np.sqrt(of_y))
    return _late(y, bars, np.where(_flat(own_y, bars) | _flat(own_x, bars), math.nan, share))


def slope(y: F64, x: F64, bars: int) -> F64:
    """Least-squares slope of y on x; missing where x does not vary."""
    own_y, own_x = _own(y, bars), _own(x, bars)
    if not own_y.size:
        return np.full(len(y), math.nan)
    mean_y, mean_x = _sums(own_y, bars) / bars, _sums(own_x, bars) / bars
    with np.errstate(all="ignore"):
        steep = _products(own_y, own_x, mean_y, mean_x, bars) / _products(own_x, own_x, mean_x, mean_x, bars)
    return _late(y, bars, np.where(_flat(own_x, bars), math.nan, steep))


def intercept(y: F64, x: F64, bars: int) -> F64:
    """mean(y) - slope * mean(x)."""
    with np.errstate(all="ignore"):
        return mean(y, bars) - slope(y, x, bars) * mean(x, bars)


def ewma(values: F64, weight: float) -> F64:
    """y[t] = (1 - weight) * y[t-1] + weight * x[t], started at the first non-NaN value; a NaN input repeats y[t-1].

    A state that itself became NaN (infinities of both signs) starts again at the next value.
    """
    assert 0.0 < weight <= 1.0, "an EWMA weight lies in (0, 1]"
    return _ewma(_own(values, 1), weight)
