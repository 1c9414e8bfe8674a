"""The mean of a series apart from what common factors did in the same days, written to be read.

Least squares on the factors and a constant, by Gram-Schmidt done twice (Bjorck 1994): the second pass makes the basis
orthogonal to working precision. The constant's coefficient is sum w d with w the constant's own part (Frisch & Waugh
1933), so the series whose mean is that coefficient, and whose spread is the spread of its errors, is
coefficient + T w residual.
"""

import numpy as np

from kernels.sweep_inputs import F64

# A factor that the others explain to this share of its length adds nothing but rounding.
EXPLAINED = 1e-10


def _dot(one: list[float], other: list[float]) -> float:
    total = 0.0
    for left, right in zip(one, other, strict=True):
        total = total + left * right
    return total


def _apart(series: list[float], basis: list[list[float]]) -> list[float]:
    """What is left of a series beside an orthonormal basis."""
    for _ in range(2):
        for one in basis:
            share = _dot(series, one)
            series = [value - share * part for value, part in zip(series, one, strict=True)]
    return series


def neutral(deltas: F64, factors: F64) -> F64:
    """`deltas` (T,) without `factors` (K, T), as a series (T,) whose mean is the mean at factors of zero.

    NaN everywhere when the factors explain a constant.
    """
    basis: list[list[float]] = []
    for factor in factors.tolist():
        left = _apart(factor, basis)
        length = np.sqrt(_dot(left, left))
        if length > EXPLAINED * np.sqrt(_dot(factor, factor)):
            basis.append([value / length for value in left])
    ones = _apart([1.0] * len(deltas), basis)
    weight, kept = _dot(ones, ones), _apart(deltas.tolist(), basis)
    if not weight > EXPLAINED * len(deltas):
        return np.full(len(deltas), np.nan)
    mean = _dot(ones, kept) / weight
    rest = [(value - mean * one) * one for value, one in zip(kept, ones, strict=True)]
    return np.array([mean + len(deltas) * error / weight for error in rest])
