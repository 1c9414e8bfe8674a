"""Cross-sections of a (T, S) matrix, bars x symbols: each row is one stamp, NaN takes no part and stays NaN."""

from typing import TypeAlias

import numba as nb
import numpy as np
from numpy.typing import NDArray

from kernels.lanes import LANES, choose, floor, least, load, spread, store_whole

# Lanes are no type of Python's.
# pyright: reportCallIssue=false

F64 = NDArray[np.float64]
Keys: TypeAlias = NDArray[np.int32] | NDArray[np.int64]
Places = NDArray[np.uint64]

_LARGEST, _LARGEST_COARSE = 0x7FFFFFFFFFFFFFFF, 0x7FFFFFFF
# Rows ranked together, where nobody says otherwise: their keys stay in the processor's cache.
ROWS = 128
# Symbols up to which the coarse keys have bits enough to tell most values apart.
_MOST_COARSE = 1 << 13


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
def _bounds(row: F64) -> tuple[float, float]:
    """The least and the greatest known value, found in lanes; (inf, -inf) where none is known."""
    low, high = np.inf, -np.inf
    if row.size >= LANES:
        # Two of each, for one would wait for itself.
        lows, highs, more_lows, more_highs = spread(np.inf), spread(-np.inf), spread(np.inf), spread(-np.inf)
        for start in range(0, row.size, 2 * LANES):
            v, w = load(row, min(start, row.size - LANES)), load(row, min(start + LANES, row.size - LANES))
            lows, highs = choose(v < lows, v, lows), choose(v > highs, v, highs)
            more_lows, more_highs = choose(w < more_lows, w, more_lows), choose(w > more_highs, w, more_highs)
        lows, highs = choose(more_lows < lows, more_lows, lows), choose(more_highs > highs, more_highs, highs)
        return least(lows), -least(-highs)
    for value in row:
        low, high = value if value < low else low, value if value > high else high
    return low, high


@nb.njit(cache=True, error_model="numpy")
def _coarse_keys(values: F64, columns: int, order: F64, out: NDArray[np.int32], settled: NDArray[np.bool_]) -> None:
    """Like `_sort_keys` in half the bits: where in the row's range a value lies.

    Rounding keeps the order, so two values can only share a key, never swap. A range that is not finite is left to
    the fine keys: it is not `settled`. `order` counts the columns.
    """
    symbols, width, most = values.shape[1], float(1 << columns), (1 << (31 - columns)) - 1.0
    wide, missing, column = spread(width), spread(most), np.int32(columns)
    for t in range(len(values)):
        row, keys = values[t], out[t]
        low, high = _bounds(row)
        low, high = (low, high) if low <= high else (0.0, 0.0)  # where none is known
        scale = (most - 1.0) / (high - low) if high > low else 0.0
        low = low if high > low else 0.0
        settled[t] = np.isfinite(low) and np.isfinite(high) and np.isfinite(scale)
        if not settled[t]:
            continue
        if symbols >= LANES:
            below, scales = spread(low), spread(scale)
            for s in range(0, symbols, LANES):
                at = min(s, symbols - LANES)
                v = load(row, at)
                # All whole numbers below 2^31: nothing rounds.
                share = choose(v == v, floor((v - below) * scales), missing)
                store_whole(keys, at, share * wide + load(order, at))
        else:
            for s in range(symbols):
                share = np.int32((row[s] - low) * scale if row[s] == row[s] else most)
                keys[s] = (share << column) | np.int32(s)


@nb.njit(inline="always")
def _scaled(first: int, last: int, known: int, centred: bool) -> float:
    """The rank of equal values from place `first` to `last` of `known` ones."""
    if centred:
        return (first + last) / max(known - 1.0, 1.0) - (1.0 if known > 1 else 0.0)
    return (first + last + 2) / 2.0 / known


@nb.njit(cache=True, error_model="numpy")
def _settle(row: F64, place: Places, first: int, last: int, most: int) -> int:
    """Put the places `first` to `last` in the order of their values; gives the moves, more than `most` if given up."""
    moves = 0
    for i in range(first + 1, last + 1):
        value, column, at = row[i], place[i], i
        while at > first and row[at - 1] > value:
            row[at], place[at] = row[at - 1], place[at - 1]
            at -= 1
        row[at], place[at] = value, column
        moves += i - at
        if moves > most:
            break
    return moves


@nb.njit(cache=True, error_model="numpy")
def _average(row: F64, place: Places, first: int, last: int, known: int, centred: bool, out: F64) -> None:
    """Rank the ordered values at the places `first` to `last`, equal ones by their middle rank."""
    while first <= last:
        end = first
        while end < last and row[end + 1] == row[first]:
            end += 1
        scaled = _scaled(first, end, known, centred)
        for i in range(first, end + 1):
            out[place[i]] = scaled
        first = end + 1


@nb.njit(error_model="numpy")
def _known(keys: Keys, least_missing: int) -> int:
    """How many of the sorted keys stand before the first that is missing."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if keys[middle] >= least_missing else (middle + 1, high)
    return low


@nb.njit(error_model="numpy")
def _average_all(row: F64, place: Places, middles: F64, starts: NDArray[np.int64], out: F64) -> None:
    """Like `_average` for a whole row full of equal values, where no branch could be foreseen.

    `middles` has the rank for each sum of a first and a last place.
    """
    start, end = 0, row.size - 1
    starts[0] = 0
    for i in range(1, row.size):
        start = i if row[i] != row[i - 1] else start
        starts[i] = start
    out[place[end]] = middles[starts[end] + end]
    for i in range(row.size - 2, -1, -1):
        end = i if row[i] != row[i + 1] else end
        out[place[i]] = middles[starts[i] + end]


@nb.njit(error_model="numpy")
def _groups_ranked(
    source: F64, ordered: Keys, mask: int, shared: int, centred: bool, left: int, row: F64, place: Places, out: F64
) -> bool:
    """Rank the values that share a key, which may be out of order or equal; False where it takes over `left` moves."""
    first, count = 0, len(ordered)
    while shared and first < count - 1:
        last = first
        while last + 1 < count and (ordered[last + 1] ^ ordered[first]) & ~mask == 0:
            last += 1
        if last > first:
            shared -= last - first
            value, others = source[np.uint64(ordered[first] & mask)], 0
            for i in range(first, last + 1):
                place[i] = np.uint64(ordered[i] & mask)
                row[i] = source[place[i]]
                others += row[i] != value
            if others:
                left -= _settle(row, place, first, last, left)
                if left < 0:
                    return False
                _average(row, place, first, last, count, centred, out)
            else:
                scaled = _scaled(first, last, count, centred)
                for i in range(first, last + 1):
                    out[place[i]] = scaled
        first = last + 1
    return True


@nb.njit(cache=True, error_model="numpy")
def _scaled_ranks(values: F64, keys: Keys, columns: int, settled: NDArray[np.bool_], centred: bool, out: F64) -> bool:
    """Ranks of the rows that are `settled` from sorted keys, and whether all are: not a row whose keys tell too little
    apart to settle it quickly."""
    symbols, mask = values.shape[1], (1 << columns) - 1
    row, place, ranks, filled = np.empty(symbols), np.empty(symbols, np.uint64), np.empty(symbols), -1
    # Places come in any order, and a row that is far away would be waited for at each.
    near = np.empty(symbols)
    middles, starts, halved = np.empty(2 * symbols), np.empty(symbols, np.int64), -1
    for t in range(len(values)):
        if not settled[t]:
            continue
        source, ordered = values[t], keys[t]
        count = _known(ordered, _LARGEST_COARSE & ~mask if keys.itemsize == 4 else _LARGEST & ~mask)
        if filled != count:
            for i in range(count):
                ranks[i] = _scaled(i, i, count, centred)
            for i in range(count, symbols):
                ranks[i] = np.nan
            filled = count
        shared = 0
        for i in range(1, count):
            shared += (ordered[i] ^ ordered[i - 1]) & ~mask == 0
        for i in range(symbols):
            near[np.uint64(ordered[i] & mask)] = ranks[i]
        left = 8 * symbols if keys.itemsize == 4 else symbols * symbols
        # Many small groups.
        if 16 * shared > count and 10 * (count - shared) > count:
            if halved != count:
                for i in range(2 * count - 1):
                    middles[i] = _scaled(0, i, count, centred)
                halved = count
            for i in range(count):
                place[i] = np.uint64(ordered[i] & mask)
                row[i] = source[place[i]]
            if _settle(row, place, 0, count - 1, left) > left:
                settled[t] = False
            else:
                _average_all(row[:count], place, middles, starts, near)
        elif not _groups_ranked(source, ordered[:count], mask, shared, centred, left, row, place, near):
            settled[t] = False
        for s in range(symbols):
            out[t, s] = near[s]
    return bool(settled.all())


class Ranks:
    """Ranks across so many symbols; what it works in is kept between calls."""

    def __init__(self, symbols: int, centred: bool, rows: int) -> None:
        self._centred, self._columns, self._rows = centred, max(1, (symbols - 1).bit_length()), rows
        self._order, self._settled = np.arange(float(symbols)), np.zeros(rows, np.bool_)
        self._keys = np.empty((rows, symbols), np.int32) if symbols <= _MOST_COARSE else None

    def fill(self, values: F64, out: F64) -> None:
        """Both are C-contiguous."""
        for start in range(0, len(values), self._rows):
            self._fill(values[start : start + self._rows], out[start : start + self._rows])

    def _fill(self, values: F64, out: F64) -> None:
        settled, columns = self._settled[: len(values)], self._columns
        if self._keys is not None:
            keys = self._keys[: len(values)]
            _coarse_keys(values, columns, self._order, keys, settled)
            keys.sort(axis=1)
            if _scaled_ranks(values, keys, columns, settled, self._centred, out):
                return
        some = values[~settled]
        found, fine = np.empty(some.shape), np.empty(some.shape, np.int64)
        _sort_keys(some, columns, fine)
        fine.sort(axis=1)
        _scaled_ranks(some, fine, columns, np.ones(len(some), np.bool_), self._centred, found)
        out[~settled] = found


def _ranks(values: F64, centred: bool, out: F64 | None, rows: int = ROWS) -> F64:
    out = np.empty(values.shape) if out is None else out
    Ranks(values.shape[1], centred, rows).fill(np.ascontiguousarray(values), out)
    return out


def centred_rank(values: F64, out: F64 | None = None, rows: int = ROWS) -> F64:
    """Rank in each row scaled to [-1, 1], ties averaged: 2 * (rank - 1) / (n - 1) - 1; a lone value is 0.

    `rows` are ranked together: how many moves the time that it takes, and no byte.
    """
    return _ranks(values, True, out, rows)


def share_rank(values: F64, out: F64 | None = None) -> F64:
    """Rank in each row divided by the number of known values, ties averaged: in (0, 1]."""
    return _ranks(values, False, out)


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
