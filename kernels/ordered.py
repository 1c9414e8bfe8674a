"""Sums whose operation order is the semantics: left to right in float64.

numpy's own `sum` is pairwise and gives other bytes, so nothing here calls it. Rolling kernels add over lags
element-wise: lag n-1 first, lag 0 last, which is the left-to-right order inside every window and still vectorised.
All rolling kernels take shape (T,) or (T, S) with time first and return the same shape; the first n - 1 rows are NaN.
A NaN inside a window makes that window NaN and leaves with its bar.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def ordered_sum(values: F64) -> float:
    """Left-to-right sum of a 1-d array; 0.0 when empty. `cumsum` is sequential by definition, unlike `sum`."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0


def ordered_mean(values: F64) -> float:
    """NaN when empty."""
    return ordered_sum(values) / values.size if values.size else math.nan


def ordered_std(values: F64, ddof: int = 1) -> float:
    """Two-pass standard deviation, both sums left to right; NaN for size <= ddof."""
    if values.size <= ddof:
        return math.nan
    gap = values - ordered_mean(values)
    return math.sqrt(ordered_sum(gap * gap) / (values.size - ddof))


def median(values: F64) -> float:
    """Middle of the sorted values, mean of the two middles for even sizes; NaN when empty."""
    if not values.size:
        return math.nan
    ranked, half = np.sort(values), values.size // 2
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
    total = lag(values, bars - 1)
    for back in range(bars - 2, -1, -1):
        total = total + lag(values, back)
    return total


def rolling_mean(values: F64, bars: int) -> F64:
    return rolling_sum(values, bars) / bars


def rolling_std(values: F64, bars: int) -> F64:
    """Two-pass sample standard deviation (n - 1) of the last `bars` rows; NaN for bars < 2."""
    if bars < 2:
        return np.full_like(values, np.nan)
    mean = rolling_mean(values, bars)
    total = np.zeros_like(values)
    for back in range(bars - 1, -1, -1):
        gap = lag(values, back) - mean
        total = total + gap * gap
    return np.sqrt(total / (bars - 1))


def ewma(values: F64, weight: float) -> F64:
    """y[t] = (1 - weight) * y[t-1] + weight * x[t], started at the first non-NaN value; a NaN input repeats y[t-1]."""
    assert 0.0 < weight <= 1.0, "an EWMA weight lies in (0, 1]"
    out = np.full_like(values, np.nan)
    last = np.full(values.shape[1:], np.nan)
    for t in range(len(values)):
        blend = (1.0 - weight) * last + weight * values[t]
        last = np.where(np.isnan(values[t]), last, np.where(np.isnan(last), values[t], blend))
        out[t] = last
    return out


def _each(function: Callable[[float], float], values: F64) -> F64:
    flat = [function(value) if value == value else math.nan for value in values.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)


def log(values: F64) -> F64:
    """Natural logarithm by the C library, one value at a time (numpy's differs with AVX-512); NaN for values <= 0."""
    return _each(lambda value: math.log(value) if value > 0.0 else math.nan, values)


def exp(values: F64) -> F64:
    """Exponential by the C library; inf on overflow."""
    return _each(lambda value: math.exp(value) if value < 709.0 else math.inf, values)


def power(values: F64, exponent: float) -> F64:
    """values ** exponent by the C library; NaN where undefined."""
    return _each(lambda value: math.pow(value, exponent) if value > 0.0 else (0.0 if value == 0.0 and exponent > 0 else math.nan), values)
