"""Every half of a history against the other half: which trial is best in one, and where it stands in the other."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kernels.ordered import F64, ordered_mean, ordered_sum
from modules.backtest.trial_matrix import sharpe_of_sums

# Ratios held at a time: what fits into a cache.
CELLS = 500_000


def _halves(blocks: int, trials: int) -> Iterator[NDArray[np.int64]]:
    """Chunks (C, 2, blocks / 2) of halves and their complements; each half stands in both places once."""
    every = np.array(list(itertools.combinations(range(blocks), blocks // 2)), dtype=np.int64)
    # In lexical order the complement of the n-th half is the n-th from the end.
    pairs = np.stack([every, every[::-1]], axis=1)
    step = max(1, CELLS // trials)
    yield from (pairs[start : start + step] for start in range(0, len(pairs), step))


def _sharpes(sums: F64, squares: F64, halves: NDArray[np.int64], bars: int) -> F64:
    """(C, N) ratios of each half, its blocks added oldest first."""
    total, square = sums[halves[:, 0]], squares[halves[:, 0]]
    for block in halves.T[1:]:
        total += sums[block]
        square += squares[block]
    return sharpe_of_sums(float(bars), total, square)


def best_elsewhere(returns: F64, blocks: int) -> tuple[F64, F64, F64]:
    """(C,) in-sample ratio of each half's best trial, its ratio and its rank (1 worst, ties averaged) in the other."""
    length = len(returns) // blocks
    cut = returns[len(returns) - length * blocks :].reshape(blocks, length, -1)
    sums, squares = np.cumsum(cut, axis=1)[:, -1], np.cumsum(cut * cut, axis=1)[:, -1]
    found: list[tuple[F64, F64, F64]] = []
    for halves in _halves(blocks, returns.shape[1]):
        inside, outside = (_sharpes(sums, squares, halves[:, side], length * blocks // 2) for side in (0, 1))
        row, best = np.arange(len(inside)), np.argmax(inside, axis=1)
        own = outside[row, best]
        below = np.count_nonzero(outside < own[:, None], axis=1)
        equal = np.count_nonzero(outside == own[:, None], axis=1)
        found.append((inside[row, best], own, below + (equal + 1) / 2.0))
    picked, judged, rank = (np.concatenate(part) for part in zip(*found, strict=True))
    return picked, judged, rank


def slope(x: F64, y: F64) -> float:
    """Least squares slope of y on x; NaN where x does not vary."""
    gap = x - ordered_mean(x)
    below = ordered_sum(gap * gap)
    return ordered_sum(gap * (y - ordered_mean(y))) / below if below > 0.0 else math.nan
