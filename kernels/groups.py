"""A (T, S) matrix against groups of its symbols, and against its size: each row is one stamp, NaN stays NaN."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@nb.njit(cache=True, error_model="numpy")
def _never_changes(group: F64) -> bool:
    """Whether every row has the groups of the first."""
    for t in range(1, group.shape[0]):
        changed = 0
        for s in range(group.shape[1]):
            one, other = group[0, s], group[t, s]
            changed += one != other and (one == one or other == other)
        if changed:
            return False
    return True


@nb.njit(cache=True, error_model="numpy")
def _per_group(values: F64, group: NDArray[np.int64], out: F64) -> None:
    """`group` has a row for each bar, or one for all; -1 is no group."""
    sums, known = np.empty(group.max() + 2), np.empty(group.max() + 2)
    for t in range(values.shape[0]):
        row, own, target = values[t], group[t if len(group) > 1 else 0], out[t]
        sums[:] = 0.0
        known[:] = 0.0
        for s in range(row.size):
            at = np.uint64(own[s] + 1)
            here = row[s] == row[s]
            sums[at] += row[s] if here else 0.0
            known[at] += here
        # The mean of none is no number.
        sums[0] = np.nan
        for at in range(sums.size):
            sums[at] = sums[at] / known[at]
        for s in range(row.size):
            target[s] = row[s] - sums[np.uint64(own[s] + 1)]


def neutralised(values: F64, group: F64, out: F64 | None = None) -> F64:
    """`values` minus the mean of the known values of their group in each row, added in column order.

    `group` is (T, S), equal numbers being one group; a symbol without a group (NaN) is NaN.
    """
    out = np.empty(values.shape) if out is None else out
    if values.size:
        # Groups seldom change, and then one row names them all.
        names = group[:1] if _never_changes(np.ascontiguousarray(group)) else group
        codes = np.unique(names, return_inverse=True)[1].reshape(names.shape)
        codes = np.where(np.isnan(names), -1, codes)
        _per_group(np.ascontiguousarray(values), np.ascontiguousarray(codes, dtype=np.int64), out)
    return out


@nb.njit(cache=True, error_model="numpy")
def _per_size(values: F64, out: F64) -> None:
    for t in range(values.shape[0]):
        size = 0.0
        for s in range(values.shape[1]):
            size += abs(values[t, s]) if values[t, s] == values[t, s] else 0.0
        for s in range(values.shape[1]):
            out[t, s] = values[t, s] / size


def unit_size(values: F64, out: F64 | None = None) -> F64:
    """`values` divided by the sum of their absolute known values in each row, added in column order."""
    out = np.empty(values.shape) if out is None else out
    _per_size(np.ascontiguousarray(values), out)
    return out
