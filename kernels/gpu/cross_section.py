"""The cross-sections of kernels/reference on a CUDA device: one thread a bar, columns left to right."""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from typing import Any

import numpy as np
from numba import cuda as _cuda

from kernels.gpu.arithmetic import times
from kernels.sweep_inputs import F64, I64

# What numba's stubs say of its CUDA functions is not what they take.
cuda: Any = _cuda
THREADS = 128


@cuda.jit
def _rank(values, out):
    t = cuda.grid(1)
    if t >= out.shape[0]:
        return
    for s in range(values.shape[1]):
        below = equal = count = 0
        for other in values[t]:
            below = below + (1 if other < values[t, s] else 0)
            equal = equal + (1 if other == values[t, s] else 0)
            count = count + (1 if other == other else 0)
        if values[t, s] == values[t, s]:
            out[t, s] = (below + (below + equal - 1)) / max(count - 1, 1) - (1.0 if count > 1 else 0.0)


@cuda.jit
def _z(values, out):
    t = cuda.grid(1)
    if t >= out.shape[0]:
        return
    total, count, square, low, high = 0.0, 0, 0.0, math.inf, -math.inf
    for value in values[t]:
        if value == value:
            total, count = total + value, count + 1
            low, high = min(low, value), max(high, value)
    if count == 0:
        return
    mean = total / count
    for value in values[t]:
        gap = value - mean
        square = square + (times(gap, gap) if gap == gap else 0.0)
    spread = math.sqrt(square / (count - 1)) if count > 1 else 0.0
    for s in range(values.shape[1]):
        if values[t, s] == values[t, s]:
            out[t, s] = 0.0 if low >= high or spread == 0.0 else (values[t, s] - mean) / spread


@cuda.jit
def _neutralise(values, exposure, out):
    t = cuda.grid(1)
    if t >= out.shape[0]:
        return
    row, given = values[t], exposure[t]
    total, total_of, count, low, high = 0.0, 0.0, 0, math.inf, -math.inf
    for s in range(row.size):
        if row[s] == row[s] and given[s] == given[s]:
            total, total_of, count = total + row[s], total_of + given[s], count + 1
            low, high = min(low, given[s]), max(high, given[s])
    if count == 0:
        return
    mean, mean_of, both, square = total / count, total_of / count, 0.0, 0.0
    for s in range(row.size):
        if row[s] == row[s] and given[s] == given[s]:
            both = both + times(row[s] - mean, given[s] - mean_of)
            square = square + times(given[s] - mean_of, given[s] - mean_of)
    slope = both / square if low < high and square > 0.0 else 0.0
    for s in range(row.size):
        if row[s] == row[s] and given[s] == given[s]:
            out[t, s] = (row[s] - mean) - times(slope, given[s] - mean_of)


@cuda.jit
def _neutralise_groups(values, group, out):
    t = cuda.grid(1)
    if t >= out.shape[0]:
        return
    for s in range(values.shape[1]):
        total, count = 0.0, 0
        for other in range(values.shape[1]):
            if group[other] == group[s] and values[t, other] == values[t, other]:
                total, count = total + values[t, other], count + 1
        if group[s] >= 0 and values[t, s] == values[t, s]:
            out[t, s] = values[t, s] - total / count


def _launched(kernel: Any, *given: Any) -> F64:
    out = np.full(given[0].shape, math.nan)
    if out.size:
        on_device = [cuda.to_device(np.ascontiguousarray(array)) for array in (*given, out)]
        kernel[(len(out) + THREADS - 1) // THREADS, THREADS](*on_device)
        out = on_device[-1].copy_to_host()
    return out


def rank(values: F64) -> F64:
    """Rank in each row scaled to [-1, 1], ties averaged: 2 * (rank - 1) / (n - 1) - 1; a lone value is 0."""
    return _launched(_rank, values)


def z(values: F64) -> F64:
    """(value - mean) / sample standard deviation (n - 1) in each row; 0 where all are equal."""
    return _launched(_z, values)


def neutralise(values: F64, exposure: F64) -> F64:
    """(T, S) residuals of each row of `values` on a constant and `exposure` (T, S), by least squares.

    A symbol without value or exposure takes no part and is missing; equal exposures leave values less their mean.
    """
    return _launched(_neutralise, values, exposure)


def neutralise_groups(values: F64, group: I64) -> F64:
    """(T, S) each value less the mean of its group (S,) at that bar; a negative group takes no part."""
    return _launched(_neutralise_groups, values, group)
