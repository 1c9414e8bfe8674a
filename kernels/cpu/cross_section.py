"""The cross-sections of kernels/reference, compiled: a row at a time, columns left to right.

kernels.cross_section does rank and z with numpy for modules that run before anything is compiled; a test holds the
two, and the plain loops, to the same bytes.
The compiler's disk cache looks at this file alone: nothing compiled here calls what is compiled elsewhere.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from typing import Any

import numpy as np
from numba import njit

from kernels.sweep_inputs import F64, I64


def _compiled(function: Any) -> Any:
    # No fast-math, no contraction: the operation order is the semantics.
    return njit(error_model="numpy", nogil=True, cache=True)(function)


@_compiled
def _rank(values, out):
    for t in range(values.shape[0]):
        # Missing values sort last.
        order = np.argsort(values[t], kind="mergesort")
        count = 0
        for s in range(values.shape[1]):
            count = count + (1 if values[t, s] == values[t, s] else 0)
        first = 0
        while first < count:
            last = first
            while last + 1 < count and values[t, order[last + 1]] == values[t, order[first]]:
                last = last + 1
            centred = (first + last) / max(count - 1, 1) - (1.0 if count > 1 else 0.0)
            for place in range(first, last + 1):
                out[t, order[place]] = centred
            first = last + 1


@_compiled
def _z(values, out):
    for t in range(values.shape[0]):
        row, total, count, square = values[t], 0.0, 0, 0.0
        low, high = math.inf, -math.inf
        for value in row:
            if value == value:
                total, count = total + value, count + 1
                low, high = min(low, value), max(high, value)
        mean = total / count
        for value in row:
            gap = value - mean
            square = square + (gap * gap if gap == gap else 0.0)
        spread = math.sqrt(square / (count - 1))
        equal = low >= high or spread == 0.0
        for s in range(row.size):
            if row[s] == row[s]:
                out[t, s] = 0.0 if equal else (row[s] - mean) / spread


@_compiled
def _neutralise(values, exposure, out):
    for t in range(values.shape[0]):
        row, given = values[t], exposure[t]
        known = (row == row) & (given == given)
        total, total_of, count, both, square = 0.0, 0.0, 0, 0.0, 0.0
        low, high = math.inf, -math.inf
        for s in range(row.size):
            if known[s]:
                total, total_of, count = total + row[s], total_of + given[s], count + 1
                low, high = min(low, given[s]), max(high, given[s])
        mean, mean_of = total / count, total_of / count
        for s in range(row.size):
            if known[s]:
                both = both + (row[s] - mean) * (given[s] - mean_of)
                square = square + (given[s] - mean_of) * (given[s] - mean_of)
        slope = both / square if low < high and square > 0.0 else 0.0
        for s in range(row.size):
            if known[s]:
                out[t, s] = (row[s] - mean) - slope * (given[s] - mean_of)


@_compiled
def _neutralise_groups(values, group, groups, out):
    for t in range(values.shape[0]):
        total, count = np.zeros(groups), np.zeros(groups)
        for s in range(values.shape[1]):
            if group[s] >= 0 and values[t, s] == values[t, s]:
                total[group[s]] = total[group[s]] + values[t, s]
                count[group[s]] = count[group[s]] + 1.0
        for s in range(values.shape[1]):
            if group[s] >= 0 and values[t, s] == values[t, s]:
                out[t, s] = values[t, s] - total[group[s]] / count[group[s]]


def _own(values: F64) -> F64:
    return np.ascontiguousarray(values, dtype=np.float64)


def rank(values: F64) -> F64:
    """Rank in each row scaled to [-1, 1], ties averaged: 2 * (rank - 1) / (n - 1) - 1; a lone value is 0."""
    out = np.full(values.shape, math.nan)
    _rank(_own(values), out)
    return out


def z(values: F64) -> F64:
    """(value - mean) / sample standard deviation (n - 1) in each row; 0 where all are equal."""
    out = np.full(values.shape, math.nan)
    _z(_own(values), out)
    return out


def neutralise(values: F64, exposure: F64) -> F64:
    """(T, S) residuals of each row of `values` on a constant and `exposure` (T, S), by least squares.

    A symbol without value or exposure takes no part and is missing; equal exposures leave values less their mean.
    """
    out = np.full(values.shape, math.nan)
    _neutralise(_own(values), _own(exposure), out)
    return out


def neutralise_groups(values: F64, group: I64) -> F64:
    """(T, S) each value less the mean of its group (S,) at that bar; a negative group takes no part."""
    out = np.full(values.shape, math.nan)
    # Labels may be any numbers: the sums are as many as there are groups, not as the largest label says.
    labels, place = np.unique(group, return_inverse=True)
    _neutralise_groups(_own(values), np.where(group >= 0, place, -1), len(labels), out)
    return out
