"""Extremes, ranks and places inside a window, and the exponential mean, for the batch evaluator.

kernels.alpha.windows says how the kernels work: flat (T, S) matrices with S >= 8, eight symbols at a time.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from kernels.lanes import LANES, choose, load, some, spread, store

# Lanes of kernels.lanes are no type of Python's: in signatures they are the float that each of them holds.
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportArgumentType=false, reportReturnType=false

F64 = NDArray[np.float64]
ROWS = 8


@nb.njit(cache=True, error_model="numpy")
def rank_in_window(x: F64, symbols: int, n: int, out: F64) -> None:
    """Rank of the newest value among the known ones of its n bars, ties averaged, divided by their number."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, one, half = np.zeros(groups * LANES), spread(np.nan), spread(1.0), spread(0.5)
    zero = spread(0.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            column, known = min(group * LANES, symbols - LANES), load(kept, group * LANES)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                now = load(x, at)
                known = choose(now == now, known + one, known)
                if t >= n:
                    old = load(x, at - n * symbols)
                    known = choose(old == old, known - one, known)
                if t < n - 1:
                    store(out, at, nan)
                    continue
                # A half for each value that is not above and one for each that is below: halves add up exactly.
                below, upto = zero, zero
                for place in range(at - (n - 1) * symbols, at + 1, symbols):
                    v = load(x, place)
                    below = choose(v < now, below + one, below)
                    upto = choose(v <= now, upto + one, upto)
                score = half + half * (below + upto)
                store(out, at, choose(now == now, score / known, nan))
            store(kept, group * LANES, known)


@nb.njit(cache=True, error_model="numpy")
def place_in_window(x: F64, symbols: int, n: int, sign: float, out: F64) -> None:
    """Where in n bars the largest (sign 1) or smallest (sign -1) value stands, 1 the oldest; the first of ties."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, one, full = np.zeros(groups * LANES), spread(np.nan), spread(1.0), spread(float(n))
    turn, zero = spread(sign), spread(0.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            column, known = min(group * LANES, symbols - LANES), load(kept, group * LANES)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v = load(x, at)
                known = choose(v == v, known + one, zero)
                if t < n - 1:
                    store(out, at, nan)
                    continue
                # Where a value is unknown so is the place, whatever the comparisons say.
                best, place, found = turn * load(x, at - (n - 1) * symbols), one, one
                for older in range(at - (n - 2) * symbols, at + 1, symbols):
                    v, place = turn * load(x, older), place + one
                    found = choose(v > best, place, found)
                    best = choose(v > best, v, best)
                store(out, at, choose(known >= full, found, nan))
            store(kept, group * LANES, known)


@nb.njit(error_model="numpy")
def _least(x: F64, at: int, symbols: int, n: int, turn: float) -> float:
    least, zero = spread(np.inf), spread(0.0)
    for place in range(at - (n - 1) * symbols, at + 1, symbols):
        v = turn * load(x, place) + zero
        least = choose(v < least, v, least)
    return least


@nb.njit(cache=True, error_model="numpy")
def extreme_in_window(x: F64, symbols: int, n: int, sign: float, out: F64) -> None:
    """The smallest (sign 1) or largest (sign -1) of n bars; a zero is +0.0.

    The window is searched again only when its extreme may have left it.
    """
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, one, full = np.zeros(2 * groups * LANES), spread(np.nan), spread(1.0), spread(float(n))
    turn, zero = spread(sign), spread(0.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            k, column = 2 * group * LANES, min(group * LANES, symbols - LANES)
            known, least = load(kept, k), load(kept, k + LANES)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v = load(x, at)
                known = choose(v == v, known + one, zero)
                if t < n - 1:
                    store(out, at, nan)
                    continue
                v = turn * v + zero
                least = choose(v < least, v, least)
                if t == n - 1 or some(turn * load(x, at - n * symbols) <= least):
                    least = _least(x, at, symbols, n, turn)
                store(out, at, choose(known >= full, turn * least + zero, nan))
            store(kept, k, known)
            store(kept, k + LANES, least)


@nb.njit(cache=True, error_model="numpy")
def exponential_mean(x: F64, symbols: int, n: int, out: F64) -> None:
    """Weight 2 / (n + 1) from the first known value on; unknown values repeat the last, n in a row restart it."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, one, full = np.zeros(2 * groups * LANES), spread(np.nan), spread(1.0), spread(float(n))
    weight, rest, zero = spread(2.0 / (n + 1.0)), spread(1.0 - 2.0 / (n + 1.0)), spread(0.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            k, column = 2 * group * LANES, min(group * LANES, symbols - LANES)
            missing, last = load(kept, k), load(kept, k + LANES) if start else nan
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v = load(x, at)
                missing = choose(v == v, zero, missing + one)
                blend = choose(last == last, rest * last + weight * v, v)
                last = choose(v == v, blend, choose(missing >= full, nan, last))
                store(out, at, last)
            store(kept, k, missing)
            store(kept, k + LANES, last)
