"""Cross-sections of a (T, S) matrix, bars x symbols: each row is one stamp, NaN takes no part and stays NaN."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


_LARGEST = 0x7FFFFFFFFFFFFFFF
# Rows ranked together: their keys stay in the processor's cache.
_ROWS = 64
# Symbols up to which the coarse keys have bits enough to tell most values apart.
_MOST_COARSE = 1 << 13


@nb.njit(cache=True, error_model="numpy")
def _sort_keys(values: F64, columns: int, out: NDArray[np.int64], known: NDArray[np.int64]) -> None:
    """Integers that sort as the values do, as far as their upper bits tell; the `columns` lower bits hold the column.

    Sorting one integer is several times faster than sorting a value with its place. NaN comes last.
    """
    bits, keep = values.view(np.int64), ~np.int64((1 << columns) - 1)
    for t in range(values.shape[0]):
        known[t] = 0
        for s in range(values.shape[1]):
            known[t] += values[t, s] == values[t, s]
            key = bits[t, s] if values[t, s] != 0.0 else 0
            key = key ^ ((key >> 63) & _LARGEST)
            out[t, s] = ((key if values[t, s] == values[t, s] else _LARGEST) & keep) | s


@nb.njit(cache=True, error_model="numpy")
def _settle(row: F64, place: NDArray[np.int64], known: int, most: int) -> bool:
    """Put right the neighbours that only the dropped bits tell apart; whether `most` moves were enough."""
    moves = 0
    for i in range(1, known):
        value, column, at = row[i], place[i], i
        while at > 0 and row[at - 1] > value:
            row[at], place[at] = row[at - 1], place[at - 1]
            at -= 1
        row[at], place[at] = value, column
        moves += i - at
        if moves > most:
            return False
    return True


@nb.njit(cache=True, error_model="numpy")
def _coarse_keys(values: F64, columns: int, out: NDArray[np.int32], known: NDArray[np.int64]) -> None:
    """Like `_sort_keys` in half the bits: where in the row's range a value lies; `known` counts a row's values.

    Rounding keeps the order, so two values can only share a key, never swap. A range that is not finite is left to
    the fine keys: known -1.
    """
    missing = (1 << (31 - columns)) - 1
    lows, highs = np.empty(16), np.empty(16)
    for t in range(values.shape[0]):
        row, keys = values[t], out[t]
        lows[:], highs[:] = np.inf, -np.inf
        whole = row.size // 16 * 16
        for at in range(0, whole, 16):
            block = row[at : at + 16]
            for lane in range(16):
                lows[lane] = block[lane] if block[lane] < lows[lane] else lows[lane]
                highs[lane] = block[lane] if block[lane] > highs[lane] else highs[lane]
        for s in range(whole, row.size):
            lows[0] = row[s] if row[s] < lows[0] else lows[0]
            highs[0] = row[s] if row[s] > highs[0] else highs[0]
        low, high = lows.min(), highs.max()
        scale = (missing - 1.0) / (high - low) if high > low else 0.0
        low = low if high > low else 0.0
        if not (np.isfinite(low) and np.isfinite(high - low) and np.isfinite(scale)):
            known[t] = -1
            continue
        count = 0
        for s in range(row.size):
            here = row[s] == row[s]
            count += here
            share = (row[s] - low) * scale if here else 0.0
            keys[s] = ((np.int32(share) if here else np.int32(missing)) << columns) | s
        known[t] = count


@nb.njit(cache=True, error_model="numpy")
def _fill_ranks(known: int, centred: bool, ranks: F64) -> None:
    """The rank at each place of a row of `known` values without ties."""
    for i in range(known):
        if centred:
            ranks[i] = (i + i) / max(known - 1.0, 1.0) - (1.0 if known > 1 else 0.0)
        else:
            ranks[i] = (i + i + 2) / 2.0 / known


@nb.njit(cache=True, error_model="numpy")
def _walk_ties(row: F64, place: NDArray[np.int64], known: int, centred: bool, out: F64) -> None:
    """Walk a row in its order, a run of equal values at a time."""
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
            out[place[i]] = scaled
        first = last + 1


@nb.njit(cache=True, error_model="numpy")
def _scaled_ranks(
    values: F64, keys: NDArray[np.int64], columns: int, known: NDArray[np.int64], centred: bool, out: F64
) -> None:
    """Ranks from sorted keys; a row whose keys tell too little apart to settle quickly is left with known -1."""
    symbols, mask = values.shape[1], (1 << columns) - 1
    row, place, ranks, filled = np.empty(symbols), np.empty(symbols, np.int64), np.empty(symbols), -1
    for t in range(values.shape[0]):
        count = known[t]
        if count < 0:
            continue
        source, target, ordered = values[t], out[t], keys[t]
        for i in range(symbols):
            place[i] = ordered[i] & mask
        for i in range(symbols):
            row[i] = source[place[i]]
        close = 0
        for i in range(1, count):
            close += not row[i - 1] < row[i]
        for i in range(count, symbols):
            target[place[i]] = np.nan
        if close == 0:
            if filled != count:
                _fill_ranks(count, centred, ranks)
                filled = count
            for i in range(count):
                target[place[i]] = ranks[i]
        elif _settle(row, place, count, 8 * symbols if keys.itemsize == 4 else symbols * symbols):
            _walk_ties(row, place, count, centred, target)
        else:
            known[t] = -1


def _ranked(values: F64, centred: bool, kind: type[np.int32] | type[np.int64], out: F64) -> NDArray[np.int64]:
    """Rank the rows of `values` into `out` by keys of one kind; gives for each row its known values, or -1 if unranked."""
    keys, known = np.empty(values.shape, kind), np.empty(len(values), np.int64)
    columns = max(1, (values.shape[1] - 1).bit_length())
    _coarse_keys(values, columns, keys, known) if kind is np.int32 else _sort_keys(values, columns, keys, known)
    keys.sort(axis=1)
    _scaled_ranks(values, keys, columns, known, centred, out)
    return known


def _ranks(values: F64, centred: bool, out: F64 | None) -> F64:
    values = np.ascontiguousarray(values)
    out = np.empty(values.shape) if out is None else out
    for start in range(0, len(values), _ROWS):
        some, ranked = values[start : start + _ROWS], out[start : start + _ROWS]
        coarse = values.shape[1] <= _MOST_COARSE
        known = _ranked(some, centred, np.int32, ranked) if coarse else np.full(len(some), -1)
        left = known < 0
        if left.any():
            fine = np.empty((int(left.sum()), values.shape[1]))
            _ranked(some[left], centred, np.int64, fine)
            ranked[left] = fine
    return out


def centred_rank(values: F64, out: F64 | None = None) -> F64:
    """Rank in each row scaled to [-1, 1], ties averaged: 2 * (rank - 1) / (n - 1) - 1; a lone value is 0."""
    return _ranks(values, True, out)


def share_rank(values: F64, out: F64 | None = None) -> F64:
    """Rank in each row divided by the number of known values, ties averaged: in (0, 1]."""
    return _ranks(values, False, out)


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


def neutralised(values: F64, group: F64, out: F64 | None = None) -> F64:
    """`values` minus the mean of the known values of their group in each row, added in column order.

    `group` is (T, S), equal numbers being one group; a symbol without a group (NaN) is NaN.
    """
    out = np.empty(values.shape) if out is None else out
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


def unit_size(values: F64, out: F64 | None = None) -> F64:
    """`values` divided by the sum of their absolute known values in each row, added in column order."""
    out = np.empty(values.shape) if out is None else out
    _per_size(np.ascontiguousarray(values), out)
    return out


@nb.njit(cache=True, error_model="numpy")
def _scores(values: F64, out: F64) -> None:
    for t in range(values.shape[0]):
        row, total, count, square, low, high = values[t], 0.0, 0, 0.0, np.inf, -np.inf
        for s in range(row.size):
            if row[s] == row[s]:
                total, count = total + row[s], count + 1
                low, high = min(low, row[s]), max(high, row[s])
        mean = total / count
        for s in range(row.size):
            out[t, s] = row[s] - mean
            square += out[t, s] * out[t, s] if row[s] == row[s] else 0.0
        spread = np.sqrt(square / (count - 1))
        # Equal values have a rounded mean that differs from them: without this their scores would be noise.
        equal = low >= high or spread == 0.0
        for s in range(row.size):
            out[t, s] = 0.0 if equal and row[s] == row[s] else out[t, s] / spread


def zscore(values: F64, out: F64 | None = None) -> F64:
    """(value - mean) / sample standard deviation (n - 1) in each row, sums in column order; 0 where all are equal."""
    out = np.empty(values.shape) if out is None else out
    _scores(np.ascontiguousarray(values), out)
    return out
