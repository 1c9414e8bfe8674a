"""The moments of kernels/reference/mean_test.py, compiled: all cosines advance together, each summed in day order.

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
def _energy(gaps, table, held):
    total = 0.0
    if held.size == 0:
        for gap in gaps:
            total = total + gap * gap
        return total
    held[:] = 0.0
    for t in range(gaps.size):
        for j in range(held.size):
            held[j] = held[j] + gaps[t] * table[t, j]
    for coefficient in held:
        total = total + coefficient * coefficient
    return total


@_compiled
def _skewness(gaps, block_days):
    second, third, blocks = 0.0, 0.0, gaps.size // block_days
    for k in range(blocks):
        total = 0.0
        for t in range(k * block_days, (k + 1) * block_days):
            total = total + gaps[t]
        second = second + total * total
        third = third + total * total * total
    second, third = second / blocks, third / blocks
    return third / (second * math.sqrt(second)) if second > 0.0 else 0.0


@_compiled
def _moments(rows, table, block_days, out):
    held, gaps = np.empty(table.shape[1]), np.empty(rows.shape[1])
    for i in range(rows.shape[0]):
        total = 0.0
        for value in rows[i]:
            total = total + value
        mean = total / rows.shape[1]
        for t in range(rows.shape[1]):
            gaps[t] = rows[i, t] - mean
        out[i, 0], out[i, 1], out[i, 2] = mean, _energy(gaps, table, held), _skewness(gaps, block_days)


def moments(rows: F64, table: F64, block_days: int) -> F64:
    """(N, 3) mean, energy and skewness of each of `rows` (N, T): kernels/reference/mean_test.py says what they are."""
    out = np.empty((len(rows), 3))
    _moments(np.ascontiguousarray(rows), table, block_days, out)
    return out
