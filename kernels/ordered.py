"""Sums whose operation order is the semantics: left to right in float64.

numpy's own `sum` is pairwise and gives other bytes, so nothing here calls it. Rolling kernels add whole columns, the
oldest bar of every window first and the newest last: left to right inside each window, and still vectorised.
All rolling kernels take shape (T,) or (T, S) with time first and return the same shape; the first n - 1 rows are NaN.
A NaN inside a window makes that window NaN and leaves with its bar.
Equal values have a standard deviation of exactly 0.
"""

import math
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
LOG_OF_MAX = math.log(sys.float_info.max)


def ordered_sum(values: F64) -> float:
    """Left-to-right sum of a 1-d array; 0.0 when empty. `cumsum` is sequential by definition, unlike `sum`."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0


def ordered_mean(values: F64) -> float:
    """NaN when empty."""
    return ordered_sum(values) / values.size if values.size else math.nan


def ordered_std(values: F64, ddof: int = 1) -> float:
    """Two-pass standard deviation, both sums left to right; 0.0 when all values are equal, NaN for size <= ddof."""
    if values.size <= ddof:
        return math.nan
    # The rounded mean of equal values may differ from them, and a tiny false spread blows up whatever is divided by it.
    if bool((values == values[0]).all()) and math.isfinite(values[0]):
        return 0.0
    gap = values - ordered_mean(values)
    return math.sqrt(ordered_sum(gap * gap) / (values.size - ddof))


def median(values: F64) -> float:
    """Middle of the sorted values, mean of the two middles for even sizes; NaN when empty or when a value is NaN."""
    if not values.size:
        return math.nan
    ranked, half = np.sort(values), values.size // 2
    if np.isnan(ranked[-1]):
        return math.nan
    return float(ranked[half]) if values.size % 2 else float((ranked[half - 1] + ranked[half]) / 2.0)


def lag(values: F64, bars: int) -> F64:
    """`values` moved down by `bars` >= 0 rows; the first rows are NaN."""
    assert bars >= 0, "a negative lag would look ahead"
    out = np.full_like(values, np.nan)
    if bars < len(values):
        out[bars:] = values[: len(values) - bars]
    return out


def rolling_sum(values: F64, bars: int) -> F64:
    """Sum of the last `bars` rows, oldest added first."""
    assert bars >= 1, "a window holds at least one bar"
    out = np.full(values.shape, np.nan)
    full = out[bars - 1 :]
    full[...] = values[: len(full)]
    for slot in range(1, bars):
        np.add(full, values[slot : slot + len(full)], out=full)
    return out


def _extreme(values: F64, bars: int, blend: np.ufunc) -> F64:
    """Windows of double length from two of half: the extreme of overlapping windows is that of their union."""
    assert bars >= 1, "a window holds at least one bar"
    out = np.full(values.shape, np.nan)
    if len(values) < bars:
        return out
    # A zero is +0.0, for which of two zeros is smaller depends on the processor.
    longest, held = values + 0.0, 1
    while held < bars:
        step = min(held, bars - held)
        longest = blend(longest[:-step], longest[step:])
        held += step
    out[bars - 1 :] = longest
    return out


def rolling_min(values: F64, bars: int) -> F64:
    """Smallest of the last `bars` rows; a zero is +0.0."""
    return _extreme(values, bars, np.minimum)


def rolling_max(values: F64, bars: int) -> F64:
    """Largest of the last `bars` rows; a zero is +0.0."""
    return _extreme(values, bars, np.maximum)


def rolling_mean(values: F64, bars: int) -> F64:
    """`rolling_sum` / bars."""
    return rolling_sum(values, bars) / bars


def _flat(values: F64, bars: int) -> NDArray[np.bool_]:
    """Whether the last `bars` rows hold one finite value; False in the first bars - 1 rows."""
    rows = np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1))
    differs = ~(values == lag(values, 1)) | ~np.isfinite(values)
    since = np.maximum.accumulate(np.where(differs, rows, 0), axis=0)
    return np.isfinite(values) & (rows - since >= bars - 1)


def rolling_std(values: F64, bars: int) -> F64:
    """Two-pass sample standard deviation (n - 1) of the last `bars` rows; 0.0 when they are equal; NaN for bars < 2."""
    if bars < 2:
        return np.full(values.shape, np.nan)
    mean = rolling_mean(values, bars)[bars - 1 :]
    total = np.zeros_like(mean)
    for slot in range(bars):
        gap = values[slot : slot + len(total)] - mean
        total += gap * gap
    out = np.full(values.shape, np.nan)
    out[bars - 1 :] = np.sqrt(total / (bars - 1))
    return np.where(_flat(values, bars), 0.0, out)


def ewma(values: F64, weight: float) -> F64:
    """y[t] = (1 - weight) * y[t-1] + weight * x[t], started at the first non-NaN value; a NaN input repeats y[t-1].

    A state that itself became NaN (infinities of both signs) starts again at the next value.
    """
    assert 0.0 < weight <= 1.0, "an EWMA weight lies in (0, 1]"
    out = np.full_like(values, np.nan)
    last = np.full(values.shape[1:], np.nan)
    for t in range(len(values)):
        blend = (1.0 - weight) * last + weight * values[t]
        last = np.where(np.isnan(values[t]), last, np.where(np.isnan(last), values[t], blend))
        out[t] = last
    return out


def _each(function: Callable[[float], float], values: F64, defined: NDArray[np.bool_], otherwise: F64) -> F64:
    """The C library's `function` where `defined`, one value at a time; `otherwise` elsewhere."""
    out = otherwise.astype(np.float64)
    out[defined] = np.fromiter(map(function, values[defined].tolist()), np.float64, int(defined.sum()))
    return out


def log(values: F64) -> F64:
    """Natural logarithm by the C library, one value at a time (numpy's differs with AVX-512); NaN for values <= 0."""
    return _each(math.log, values, values > 0.0, np.full(values.shape, np.nan))


def log1p(values: F64) -> F64:
    """Natural logarithm of 1 + value by the C library; NaN for values <= -1."""
    return _each(math.log1p, values, values > -1.0, np.full(values.shape, np.nan))


def exp(values: F64) -> F64:
    """Exponential by the C library; inf on overflow, NaN for NaN."""
    return _each(math.exp, values, values <= LOG_OF_MAX, np.where(np.isnan(values), np.nan, np.inf))


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except ValueError:
        return math.nan
    except OverflowError:
        return -math.inf if base < 0.0 and exponent % 2.0 == 1.0 else math.inf


def power(values: F64, exponent: float) -> F64:
    """values ** exponent by the C library; inf on overflow; NaN for NaN, 0 ** negative and negative ** fraction."""
    known = ~np.isnan(values)
    return _each(lambda base: _power(base, exponent), values, known, np.full(values.shape, np.nan))
