"""Tail probabilities of Student's t from the incomplete beta function, compiled.

The regularised incomplete beta function by its continued fraction, evaluated by Lentz's method (Numerical Recipes 6.4;
DLMF 8.17.22).
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from typing import Any

import numpy as np
from numba import njit

from kernels.sweep_inputs import F64

# A p-value of 0 would be rejected at level 0.
SMALLEST = 1e-300


def _compiled(function: Any) -> Any:
    return njit(error_model="numpy", nogil=True, cache=True)(function)


@_compiled
def _fraction(a, b, x):
    tiny, c = 1e-300, 1.0
    d = 1.0 / max(1.0 - (a + b) * x / (a + 1.0), tiny)
    value = d
    for k in range(1, 500):
        for odd in range(2):
            if odd:
                step = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1.0))
            else:
                step = k * (b - k) * x / ((a + 2 * k - 1.0) * (a + 2 * k))
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + step / c
            c = c if abs(c) > tiny else tiny
            value = value * c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


@_compiled
def _beta(a, b, x, rest):
    """`rest` is 1 - x, as its caller knows it better than a difference would."""
    if x <= 0.0 or rest <= 0.0:
        return min(max(x, 0.0), 1.0)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    if x < (a + 1.0) / (a + b + 2.0):
        return math.exp(log_front) * _fraction(a, b, x) / a
    return 1.0 - math.exp(log_front) * _fraction(b, a, rest) / b


@_compiled
def _upper(t, freedom, smallest):
    if math.isnan(t):
        return 1.0
    if math.isinf(t):
        return smallest if t > 0.0 else 1.0
    below = freedom + t * t
    half = 0.5 * _beta(0.5 * freedom, 0.5, freedom / below, t * t / below) if math.isfinite(below) else 0.0
    return max(half if t > 0.0 else 1.0 - half, smallest)


@_compiled
def _uppers(t, freedom, smallest, out):
    for i in range(t.size):
        out[i] = _upper(t[i], freedom, smallest)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b), the distribution function of a beta variable, for a, b > 0."""
    return float(_beta(a, b, x, 1.0 - x))


def t_upper(t: F64, freedom: float) -> F64:
    """(N,) probabilities that Student's t with `freedom` > 0 exceeds `t` (N,); 1 for NaN, at least `SMALLEST`."""
    out = np.empty(t.size)
    _uppers(np.ascontiguousarray(t), float(freedom), SMALLEST, out)
    return out
