"""Statistics of the last `bars` values, written to be read: the operation order here is the semantics.

All take (T,) and give (T,); the first bars - 1 are missing. Sums go from the oldest value to the newest. A NaN
makes the windows that hold it missing and leaves with its bar; infinities follow from the arithmetic. Why every
window is summed anew: a running sum is another number at each start, and modules start where their panel does.
"""

import math
from collections.abc import Callable

import numpy as np

from kernels.sweep_inputs import F64

Window = list[float]


def _each(values: F64, bars: int, statistic: Callable[[Window], float]) -> F64:
    assert bars >= 1, "a window holds at least one bar"
    series, out = values.tolist(), np.full(len(values), math.nan)
    for t in range(bars - 1, len(series)):
        out[t] = statistic(series[t - bars + 1 : t + 1])
    return out


def _ordered_sum(window: Window) -> float:
    total = window[0]
    for value in window[1:]:
        total = total + value
    return total


def divided(above: float, below: float) -> float:
    """IEEE division where below is not negative."""
    if below != 0.0:
        return above / below
    return math.nan if above == 0.0 or above != above else math.copysign(math.inf, above)


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0.0 else math.nan


def _mean(window: Window) -> float:
    return _ordered_sum(window) / len(window)


def _is_flat(window: Window) -> bool:
    return math.isfinite(window[-1]) and all(value == window[-1] for value in window)


def _var(window: Window) -> float:
    if len(window) < 2:
        return math.nan
    if _is_flat(window):
        return 0.0
    mean, total = _mean(window), 0.0
    for value in window:
        gap = value - mean
        total = total + gap * gap
    return total / (len(window) - 1)


def mean(values: F64, bars: int) -> F64:
    """Sum / bars."""
    return _each(values, bars, _mean)


def var(values: F64, bars: int) -> F64:
    """Two-pass sample variance (n - 1); exactly 0 where all values are equal; missing for bars < 2."""
    return _each(values, bars, _var)


def std(values: F64, bars: int) -> F64:
    """Square root of `var`."""
    return _each(values, bars, lambda window: _root(_var(window)))


def _extreme(window: Window, better: Callable[[float, float], bool]) -> float:
    best = window[0]
    for value in window:
        if value != value:
            return math.nan
        best = value if better(value, best) else best
    # Which of two zeros is smaller depends on the processor.
    return best + 0.0


def lowest(values: F64, bars: int) -> F64:
    """Smallest value; a zero is +0.0."""
    return _each(values, bars, lambda window: _extreme(window, lambda a, b: a < b))


def highest(values: F64, bars: int) -> F64:
    """Largest value; a zero is +0.0."""
    return _each(values, bars, lambda window: _extreme(window, lambda a, b: a > b))


def _rank(window: Window) -> float:
    if any(value != value for value in window):
        return math.nan
    below = sum(value < window[-1] for value in window)
    equal = sum(value == window[-1] for value in window)
    return (below + (equal + 1) / 2.0) / len(window)


def rank(values: F64, bars: int) -> F64:
    """Rank of the newest value in its window, ties averaged, over bars: in (0, 1]."""
    return _each(values, bars, _rank)


def _moments(y: Window, x: Window) -> tuple[float, float, float, float, float]:
    """Means of y and x, then the sums of gap_y * gap_x, gap_x * gap_x and gap_y * gap_y."""
    mean_y, mean_x, both, of_x, of_y = _mean(y), _mean(x), 0.0, 0.0, 0.0
    for value_y, value_x in zip(y, x, strict=True):
        gap_y, gap_x = value_y - mean_y, value_x - mean_x
        both, of_x, of_y = both + gap_y * gap_x, of_x + gap_x * gap_x, of_y + gap_y * gap_y
    return mean_y, mean_x, both, of_x, of_y


def _corr(y: Window, x: Window) -> float:
    if _is_flat(y) or _is_flat(x):
        return math.nan
    _, _, both, of_x, of_y = _moments(y, x)
    return divided(both, _root(of_x) * _root(of_y))


def _slope(y: Window, x: Window) -> float:
    if _is_flat(x):
        return math.nan
    _, _, both, of_x, _ = _moments(y, x)
    return divided(both, of_x)


def _intercept(y: Window, x: Window) -> float:
    return _mean(y) - _slope(y, x) * _mean(x)


def _each_pair(y: F64, x: F64, bars: int, statistic: Callable[[Window, Window], float]) -> F64:
    assert bars >= 1, "a window holds at least one bar"
    ys, xs, out = y.tolist(), x.tolist(), np.full(len(y), math.nan)
    for t in range(bars - 1, len(ys)):
        out[t] = statistic(ys[t - bars + 1 : t + 1], xs[t - bars + 1 : t + 1])
    return out


def corr(y: F64, x: F64, bars: int) -> F64:
    """Pearson's correlation from two passes; missing where y or x does not vary."""
    return _each_pair(y, x, bars, _corr)


def slope(y: F64, x: F64, bars: int) -> F64:
    """Least-squares slope of y on x; missing where x does not vary."""
    return _each_pair(y, x, bars, _slope)


def intercept(y: F64, x: F64, bars: int) -> F64:
    """mean(y) - slope * mean(x)."""
    return _each_pair(y, x, bars, _intercept)


def ewma(values: F64, weight: float) -> F64:
    """y[t] = (1 - weight) * y[t-1] + weight * x[t], started at the first non-NaN value; a NaN input repeats y[t-1].

    A state that itself became NaN (infinities of both signs) starts again at the next value.
    """
    assert 0.0 < weight <= 1.0, "an EWMA weight lies in (0, 1]"
    out, last = np.full(len(values), math.nan), math.nan
    for t, value in enumerate(values.tolist()):
        if value == value:
            last = value if last != last else (1.0 - weight) * last + weight * value
        out[t] = last
    return out
