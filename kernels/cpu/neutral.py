"""The neutral series of kernels/reference/neutral.py, compiled.

The compiler's disk cache looks at this file alone: nothing compiled here calls what is compiled elsewhere.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

from typing import Any

import numpy as np
from numba import njit

from kernels.reference.neutral import EXPLAINED
from kernels.sweep_inputs import F64


def _compiled(function: Any) -> Any:
    # No fast-math, no contraction: the operation order is the semantics.
    return njit(error_model="numpy", nogil=True, cache=True)(function)


@_compiled
def _dot(one, other):
    total = 0.0
    for t in range(one.size):
        total = total + one[t] * other[t]
    return total


@_compiled
def _leave(series, basis, count):
    for _ in range(2):
        for k in range(count):
            share = _dot(series, basis[k])
            for t in range(series.size):
                series[t] = series[t] - share * basis[k, t]


@_compiled
def _basis(factors, explained, basis):
    count = 0
    for k in range(factors.shape[0]):
        left = factors[k].copy()
        _leave(left, basis, count)
        length = np.sqrt(_dot(left, left))
        if length > explained * np.sqrt(_dot(factors[k], factors[k])):
            for t in range(left.size):
                basis[count, t] = left[t] / length
            count += 1
    return count


@_compiled
def _neutral(deltas, factors, explained, out):
    basis, days = np.empty(factors.shape), deltas.size
    count = _basis(factors, explained, basis)
    ones, kept = np.ones(days), deltas.copy()
    _leave(ones, basis, count)
    _leave(kept, basis, count)
    weight = _dot(ones, ones)
    if not weight > explained * days:
        out[:] = np.nan
        return
    mean = _dot(ones, kept) / weight
    for t in range(days):
        out[t] = mean + days * ((kept[t] - mean * ones[t]) * ones[t]) / weight


def neutral(deltas: F64, factors: F64) -> F64:
    """`deltas` (T,) without `factors` (K, T), as a series (T,) whose mean is the mean at factors of zero.

    NaN everywhere when the factors explain a constant.
    """
    out = np.empty(deltas.size)
    _neutral(np.ascontiguousarray(deltas), np.ascontiguousarray(factors), EXPLAINED, out)
    return out
