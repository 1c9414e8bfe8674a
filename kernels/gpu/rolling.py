"""The rolling statistics of kernels/reference on a CUDA device: one thread a window, oldest value first."""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from typing import Any

import numpy as np
from numba import cuda as _cuda

from kernels.gpu.arithmetic import times
from kernels.sweep_inputs import F64

# What numba's stubs say of its CUDA functions is not what they take.
cuda: Any = _cuda
THREADS = 128
MEAN, VAR, STD, LOWEST, HIGHEST, RANK = range(6)
CORR, SLOPE, INTERCEPT = range(3)


def _device(function: Any) -> Any:
    return cuda.jit(function, device=True)


@_device
def _mean(values, begin, bars):
    total = values[begin]
    for t in range(begin + 1, begin + bars):
        total = total + values[t]
    return total / bars


@_device
def _is_flat(values, begin, bars):
    last = values[begin + bars - 1]
    flat = math.isfinite(last)
    for t in range(begin, begin + bars):
        flat = flat and values[t] == last
    return flat


@_device
def _products(y, x, mean_y, mean_x, begin, bars):
    total = 0.0
    for t in range(begin, begin + bars):
        total = total + times(y[t] - mean_y, x[t] - mean_x)
    return total


@_device
def _var(values, begin, bars):
    if bars < 2:
        return math.nan
    if _is_flat(values, begin, bars):
        return 0.0
    mean = _mean(values, begin, bars)
    return _products(values, values, mean, mean, begin, bars) / (bars - 1)


@_device
def _extreme(values, begin, bars, sign):
    """The largest of sign * value, times sign; a zero is +0.0."""
    best, broken = values[begin], False
    for t in range(begin, begin + bars):
        broken = broken or values[t] != values[t]
        best = values[t] if sign * values[t] > sign * best else best
    return math.nan if broken else best + 0.0


@_device
def _rank(values, begin, bars):
    newest, below, equal, broken = values[begin + bars - 1], 0.0, 0.0, False
    for t in range(begin, begin + bars):
        broken = broken or values[t] != values[t]
        below = below + (1.0 if values[t] < newest else 0.0)
        equal = equal + (1.0 if values[t] == newest else 0.0)
    return math.nan if broken else (below + (equal + 1.0) / 2.0) / bars


@cuda.jit
def _one(kind, values, bars, out):
    t = cuda.grid(1)
    begin = t - bars + 1
    if t >= out.size or begin < 0:
        return
    if kind == MEAN:
        out[t] = _mean(values, begin, bars)
    elif kind == VAR:
        out[t] = _var(values, begin, bars)
    elif kind == STD:
        out[t] = math.sqrt(_var(values, begin, bars))
    elif kind == RANK:
        out[t] = _rank(values, begin, bars)
    else:
        out[t] = _extreme(values, begin, bars, 1.0 if kind == HIGHEST else -1.0)


@cuda.jit
def _two(kind, y, x, bars, out):
    t = cuda.grid(1)
    begin = t - bars + 1
    if t >= out.size or begin < 0:
        return
    mean_y, mean_x = _mean(y, begin, bars), _mean(x, begin, bars)
    both, of_x = _products(y, x, mean_y, mean_x, begin, bars), _products(x, x, mean_x, mean_x, begin, bars)
    flat_x = _is_flat(x, begin, bars)
    if kind == CORR:
        of_y = _products(y, y, mean_y, mean_y, begin, bars)
        known = not (flat_x or _is_flat(y, begin, bars))
        below = times(math.sqrt(of_x), math.sqrt(of_y))
        out[t] = both / below if known else math.nan
        return
    slope = math.nan if flat_x else both / of_x
    out[t] = slope if kind == SLOPE else mean_y - times(slope, mean_x)


@cuda.jit
def _ewma(values, weight, out):
    """A recursion: one thread walks the bars."""
    last = math.nan
    if cuda.grid(1) > 0:
        return
    for t in range(values.size):
        value = values[t]
        if value == value:
            last = value if last != last else times(1.0 - weight, last) + times(weight, value)
        out[t] = last


def _launched(kernel: Any, kind: int, series: tuple[F64, ...], bars: int) -> F64:
    assert bars >= 1, "a window holds at least one bar"
    out = np.full(len(series[0]), math.nan)
    if len(out):
        on_device = [cuda.to_device(np.ascontiguousarray(values, dtype=np.float64)) for values in (*series, out)]
        kernel[(len(out) + THREADS - 1) // THREADS, THREADS](kind, *on_device[:-1], bars, on_device[-1])
        out = on_device[-1].copy_to_host()
    return out


def mean(values: F64, bars: int) -> F64:
    """Sum / bars."""
    return _launched(_one, MEAN, (values,), bars)


def var(values: F64, bars: int) -> F64:
    """Two-pass sample variance (n - 1); exactly 0 where all values are equal; missing for bars < 2."""
    return _launched(_one, VAR, (values,), bars)


def std(values: F64, bars: int) -> F64:
    """Square root of `var`."""
    return _launched(_one, STD, (values,), bars)


def lowest(values: F64, bars: int) -> F64:
    """Smallest value; a zero is +0.0."""
    return _launched(_one, LOWEST, (values,), bars)


def highest(values: F64, bars: int) -> F64:
    """Largest value; a zero is +0.0."""
    return _launched(_one, HIGHEST, (values,), bars)


def rank(values: F64, bars: int) -> F64:
    """Rank of the newest value in its window, ties averaged, over bars: in (0, 1]."""
    return _launched(_one, RANK, (values,), bars)


def corr(y: F64, x: F64, bars: int) -> F64:
    """Pearson's correlation from two passes; missing where y or x does not vary."""
    return _launched(_two, CORR, (y, x), bars)


def slope(y: F64, x: F64, bars: int) -> F64:
    """Least-squares slope of y on x; missing where x does not vary."""
    return _launched(_two, SLOPE, (y, x), bars)


def intercept(y: F64, x: F64, bars: int) -> F64:
    """mean(y) - slope * mean(x)."""
    return _launched(_two, INTERCEPT, (y, x), bars)


def ewma(values: F64, weight: float) -> F64:
    """y[t] = (1 - weight) * y[t-1] + weight * x[t], started at the first non-NaN value; a NaN input repeats y[t-1].

    A state that itself became NaN (infinities of both signs) starts again at the next value.
    """
    assert 0.0 < weight <= 1.0, "an EWMA weight lies in (0, 1]"
    out = cuda.to_device(np.empty(len(values)))
    if len(values):
        _ewma[1, 1](cuda.to_device(np.ascontiguousarray(values)), weight, out)
    return out.copy_to_host() if len(values) else np.empty(0)
