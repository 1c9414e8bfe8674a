"""Cross-sections of a (T, S) matrix, bars x symbols, written to be read: each row alone, columns left to right.

NaN takes no part and stays NaN. The same bytes as kernels.cross_section, which modules call.
"""

import math
from collections.abc import Callable

import numpy as np

from kernels.reference.rolling import divided
from kernels.sweep_inputs import F64, I64

Row = list[float]


def _each_row(values: F64, statistic: Callable[[Row], Row]) -> F64:
    out = np.empty(values.shape)
    for t, row in enumerate(values.tolist()):
        out[t] = statistic(row)
    return out


def _known(row: Row) -> Row:
    return [value for value in row if value == value]


def _sum(row: Row) -> float:
    total = 0.0
    for value in row:
        total = total + value
    return total


def _ranks(row: Row) -> Row:
    known = _known(row)
    others = len(known) - 1
    out: Row = []
    for value in row:
        below, equal = sum(other < value for other in known), sum(other == value for other in known)
        # First and last place of the value among the sorted, ties averaged, stretched to [-1, 1].
        centred = (below + (below + equal - 1)) / max(others, 1) - (1.0 if others > 0 else 0.0)
        out.append(centred if value == value else math.nan)
    return out


def rank(values: F64) -> F64:
    """Rank in each row scaled to [-1, 1], ties averaged: 2 * (rank - 1) / (n - 1) - 1; a lone value is 0."""
    return _each_row(values, _ranks)


def _scores(row: Row) -> Row:
    known = _known(row)
    mean = divided(_sum(known), len(known))
    gaps = [value - mean for value in row]
    square = divided(_sum([gap * gap for gap in gaps if gap == gap]), len(known) - 1)
    spread = math.sqrt(square) if square >= 0.0 else math.nan
    # Equal values have a rounded mean that differs from them: without this their scores would be noise.
    equal = not known or all(value == known[0] for value in known) or spread == 0.0
    return [
        math.nan if value != value else 0.0 if equal else divided(gap, spread)
        for value, gap in zip(row, gaps, strict=True)
    ]


def z(values: F64) -> F64:
    """(value - mean) / sample standard deviation (n - 1) in each row; 0 where all are equal."""
    return _each_row(values, _scores)


def neutralise(values: F64, exposure: F64) -> F64:
    """(T, S) residuals of each row of `values` on a constant and `exposure` (T, S), by least squares.

    A symbol without value or exposure takes no part and is missing; equal exposures leave values less their mean.
    """
    out = np.full(values.shape, math.nan)
    for t, (row, given) in enumerate(zip(values.tolist(), exposure.tolist(), strict=True)):
        known = [s for s in range(len(row)) if row[s] == row[s] and given[s] == given[s]]
        mean, mean_of = (divided(_sum([side[s] for s in known]), len(known)) for side in (row, given))
        both = _sum([(row[s] - mean) * (given[s] - mean_of) for s in known])
        square = _sum([(given[s] - mean_of) * (given[s] - mean_of) for s in known])
        varies = any(given[s] != given[known[0]] for s in known) and square > 0.0
        slope = both / square if varies else 0.0
        for s in known:
            out[t, s] = (row[s] - mean) - slope * (given[s] - mean_of)
    return out


def neutralise_groups(values: F64, group: I64) -> F64:
    """(T, S) each value less the mean of its group (S,) at that bar; a negative group takes no part."""
    out = np.full(values.shape, math.nan)
    members = group.tolist()
    for t, row in enumerate(values.tolist()):
        for label in sorted(set(members)):
            known = [s for s in range(len(row)) if members[s] == label >= 0 and row[s] == row[s]]
            mean = divided(_sum([row[s] for s in known]), len(known))
            for s in known:
                out[t, s] = row[s] - mean
    return out
