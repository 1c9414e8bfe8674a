"""Cross-sections of a (T, S) matrix, bars x symbols: each row is one stamp, NaN takes no part and stays NaN."""

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def _tie_edges(ranked: F64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last position of the run of equal values in which each sorted value stands."""
    places = np.broadcast_to(np.arange(ranked.shape[1]), ranked.shape)
    differs = ranked[:, 1:] != ranked[:, :-1]
    edge = np.ones((len(ranked), 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, differs]), places, 0), axis=1)
    closes = np.where(np.hstack([differs, edge]), places, ranked.shape[1])
    return first, np.minimum.accumulate(closes[:, ::-1], axis=1)[:, ::-1]


def centred_rank(values: F64) -> F64:
    """Rank in each row scaled to [-1, 1], ties averaged: 2 * (rank - 1) / (n - 1) - 1; a lone value is 0."""
    if values.shape[1] == 0:
        return values.copy()
    order = np.argsort(values, axis=1, kind="stable")
    first, last = _tie_edges(np.take_along_axis(values, order, axis=1))
    others = (~np.isnan(values)).sum(axis=1, keepdims=True) - 1
    scaled = (first + last) / np.maximum(others, 1) - np.where(others > 0, 1.0, 0.0)
    out = np.empty(values.shape)
    np.put_along_axis(out, order, scaled, axis=1)
    return np.where(np.isnan(values), np.nan, out)


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
