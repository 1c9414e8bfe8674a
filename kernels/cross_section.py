"""Cross-sections of a (T, S) matrix, bars x symbols: each row is one stamp, NaN takes no part and stays NaN."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


_LARGEST = 0x7FFFFFFFFFFFFFFF


@nb.njit(cache=True, error_model="numpy")
def _sort_keys(values: F64, columns: int, out: NDArray[np.int64]) -> None:
    """Integers that sort as the values do, as far as their upper bits tell; the `columns` lower bits hold the column.

    Sorting one integer is several times faster than sorting a value with its place. NaN comes last.
    """
    bits, keep = values.view(np.int64), ~np.int64((1 << columns) - 1)
    for t in range(values.shape[0]):
        for s in range(values.shape[1]):
            key = bits[t, s] if values[t, s] != 0.0 else 0
            key = key ^ ((key >> 63) & _LARGEST)
            out[t, s] = ((key if values[t, s] == values[t, s] else _LARGEST) & keep) | s


@nb.njit(cache=True, error_model="numpy")
def _settle(row: F64, place: NDArray[np.int64], known: int) -> None:
    """Put right the neighbours that only the dropped bits tell apart."""
    for i in range(1, known):
        value, column, at = row[i], place[i], i
        while at > 0 and row[at - 1] > value:
            row[at], place[at] = row[at - 1], place[at - 1]
            at -= 1
        row[at], place[at] = value, column


@nb.njit(cache=True, error_model="numpy")
def _scaled_ranks(values: F64, keys: NDArray[np.int64], columns: int, out: F64, centred: bool) -> None:
    """Walk each row in its order, a run of equal values at a time."""
    symbols = values.shape[1]
    row, place = np.empty(symbols), np.empty(symbols, np.int64)
    for t in range(values.shape[0]):
        known = 0
        for i in range(symbols):
            place[i] = keys[t, i] & ((1 << columns) - 1)
            row[i] = values[t, place[i]]
            known += row[i] == row[i]
        for i in range(known, symbols):
            out[t, place[i]] = np.nan
        _settle(row, place, known)
        first = 0
        while first < known:
            last = first
            while last + 1 < known and row[last + 1] == row[first]:
                last += 1
            if centred:
                scaled = (first + last) / max(known - 1.0, 1.0) - (1.0 if known > 1 else 0.0)
            else:
                scaled = (first + last + 2) / 2.0 / known
            for i in range(first, last + 1):
                out[t, place[i]] = scaled
            first = last + 1


def _ranks(values: F64, centred: bool) -> F64:
    values, keys = np.ascontiguousarray(values), np.empty(values.shape, np.int64)
    columns = max(1, (values.shape[1] - 1).bit_length())
    _sort_keys(values, columns, keys)
    keys.sort(axis=1)
    out = np.empty(values.shape)
    _scaled_ranks(values, keys, columns, out, centred)
    return out


def centred_rank(values: F64) -> F64:
    """Rank in each row scaled to [-1, 1], ties averaged: 2 * (rank - 1) / (n - 1) - 1; a lone value is 0."""
    return _ranks(values, True)


def share_rank(values: F64) -> F64:
    """Rank in each row divided by the number of known values, ties averaged: in (0, 1]."""
    return _ranks(values, False)


@nb.njit(cache=True, error_model="numpy")
def _per_group(values: F64, group: NDArray[np.int64], out: F64) -> None:
    sums, known = np.zeros(group.max() + 1), np.zeros(group.max() + 1)
    for t in range(values.shape[0]):
        sums[:] = 0.0
        known[:] = 0.0
        for s in range(values.shape[1]):
            if group[t, s] >= 0 and values[t, s] == values[t, s]:
                sums[group[t, s]] += values[t, s]
                known[group[t, s]] += 1.0
        for s in range(values.shape[1]):
            at = group[t, s]
            out[t, s] = values[t, s] - sums[at] / known[at] if at >= 0 else np.nan


def neutralised(values: F64, group: F64) -> F64:
    """`values` minus the mean of the known values of their group in each row, added in column order.

    `group` is (T, S), equal numbers being one group; a symbol without a group (NaN) is NaN.
    """
    out = np.empty(values.shape)
    if values.size:
        # Groups seldom change, and then one row names them all.
        fixed = bool(((group == group[:1]) | (np.isnan(group) & np.isnan(group[:1]))).all())
        names = group[:1] if fixed else group
        codes = np.unique(names, return_inverse=True)[1].reshape(names.shape)
        codes = np.broadcast_to(np.where(np.isnan(names), -1, codes), group.shape)
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


def unit_size(values: F64) -> F64:
    """`values` divided by the sum of their absolute known values in each row, added in column order."""
    out = np.empty(values.shape)
    _per_size(np.ascontiguousarray(values), out)
    return out


def _row_sums(values: F64, known: NDArray[np.bool_]) -> F64:
    """(T, 1) sums of the known values, first column first."""
    return np.cumsum(np.where(known, values, 0.0), axis=1)[:, -1:]


def zscore(values: F64) -> F64:
    """(value - mean) / sample standard deviation (n - 1) in each row, sums in column order; 0 where all are equal."""
    if values.shape[1] == 0:
        return values.copy()
    known = ~np.isnan(values)
    count = known.sum(axis=1, keepdims=True)
    low = np.where(known, values, np.inf).min(axis=1, keepdims=True)
    high = np.where(known, values, -np.inf).max(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        gap = values - _row_sums(values, known) / count
        spread = np.sqrt(_row_sums(gap * gap, known) / (count - 1))
        # Equal values have a rounded mean that differs from them: without this their scores would be noise.
        return np.where(known & ((low >= high) | (spread == 0.0)), 0.0, gap / spread)
