"""Moments for a test of the mean of serially dependent series, written to be read.

The long-run variance is estimated from the lowest cosine frequencies (equal-weighted cosines: Mueller 2007; Lazarus,
Lewis, Stock & Watson 2018): with B of them, times the declared spectrum, the studentised mean has a t distribution.
"""

import math

import numpy as np

from kernels.sweep_inputs import F64


def cosines(days: int, frequencies: int) -> F64:
    """(days, frequencies) orthonormal cosines of type II without the constant, one frequency a column."""
    out = np.empty((days, frequencies))
    for t in range(days):
        for j in range(frequencies):
            out[t, j] = math.sqrt(2.0 / days) * math.cos(math.pi * (j + 1) * (t + 0.5) / days)
    return out


def _cubes(gaps: list[float], block_days: int) -> tuple[float, float]:
    """Second and third moment of the sums of whole blocks; a rest at the end is left out."""
    second, third, blocks = 0.0, 0.0, len(gaps) // block_days
    for k in range(blocks):
        total = 0.0
        for gap in gaps[k * block_days : (k + 1) * block_days]:
            total = total + gap
        second = second + total * total
        third = third + total * total * total
    return second / blocks, third / blocks


def moments(rows: F64, table: F64, block_days: int) -> F64:
    """(N, 3) mean, energy and skewness of each of `rows` (N, T).

    Energy is the sum of squared cosine coefficients of `table` (T, B), or of squared gaps to the mean where B is 0 (all
    T - 1 frequencies together). Skewness is that of sums of blocks of `block_days`; 0 where they do not vary.
    """
    out = np.empty((len(rows), 3))
    for i, series in enumerate(rows.tolist()):
        total = 0.0
        for value in series:
            total = total + value
        mean = total / len(series)
        gaps = [value - mean for value in series]
        energy = 0.0
        if not table.shape[1]:
            for gap in gaps:
                energy = energy + gap * gap
        for column in table.T.tolist():
            coefficient = 0.0
            for gap, weight in zip(gaps, column, strict=True):
                coefficient = coefficient + gap * weight
            energy = energy + coefficient * coefficient
        second, third = _cubes(gaps, block_days)
        out[i] = mean, energy, third / (second * math.sqrt(second)) if second > 0.0 else 0.0
    return out
