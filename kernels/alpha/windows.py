"""Running sums over windows for the batch evaluator: whole matrices, eight symbols at a time in vector lanes.

The order of operations is the semantics: docs/alpha.md has it. A few rows are done for all symbols before the next
ones, so that what is read again n bars later still lies near; meanwhile the sums wait in `kept`. All kernels take
flat (T, S) matrices with S >= 8 and fill one of the same shape, NaN where a window is not full of finite values.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from kernels.alpha.lane_sums import centred, finite_or_zero, positive_root, runs, take, take_product, times
from kernels.alpha.language import ANCHOR_BARS
from kernels.lanes import LANES, choose, finite, load, some, spread, store

# Lanes are no type of Python's: in signatures they are the float that each of them holds.
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportArgumentType=false, reportReturnType=false

F64 = NDArray[np.float64]
ROWS = 8


@nb.njit(error_model="numpy")
def _sum_anchor(x: F64, at: int, symbols: int, n: int) -> tuple[float, float]:
    a, ac = spread(0.0), spread(0.0)
    for place in range(at - (n - 1) * symbols, at + 1, symbols):
        a, ac = take(a, ac, finite_or_zero(load(x, place)))
    return a, ac


@nb.njit(cache=True, error_model="numpy")
def running_sum(x: F64, symbols: int, n: int, divisor: float, out: F64) -> None:
    """Sum of n bars / divisor; n equal values v give v * (n / divisor)."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, full = np.zeros(groups * 5 * LANES), spread(np.nan), spread(float(n))
    below, share = spread(divisor), spread(n / divisor)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            k, column = group * 5 * LANES, min(group * LANES, symbols - LANES)
            a, ac, known, equal = load(kept, k), load(kept, k + 8), load(kept, k + 16), load(kept, k + 24)
            last = load(kept, k + 32)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v = load(x, at)
                known, equal = runs(v, last, known, equal)
                last = v
                if t < n - 1:
                    store(out, at, nan)
                    continue
                if t == n - 1 or t % ANCHOR_BARS == 0:
                    a, ac = _sum_anchor(x, at, symbols, n)
                    sound = finite(a + ac)
                else:
                    a, ac = take(a, ac, finite_or_zero(v))
                    a, ac = take(a, ac, -finite_or_zero(load(x, at - n * symbols)))
                    sound = finite(a + ac)
                    if some(~sound):
                        b, bc = _sum_anchor(x, at, symbols, n)
                        a, ac = choose(sound, a, b), choose(sound, ac, bc)
                        sound = finite(a + ac)
                value = choose(equal >= full, v * share, (a + ac) / below)
                store(out, at, choose((known >= full) & sound, value, nan))
            store(kept, k, a)
            store(kept, k + 8, ac)
            store(kept, k + 16, known)
            store(kept, k + 24, equal)
            store(kept, k + 32, last)


@nb.njit(inline="always")
def _loaded(kept: F64, k: int) -> tuple[float, ...]:
    """Two sums as (high, low), finite bars in a row, equal bars in a row, the last value."""
    first, second = load(kept, k), load(kept, k + 8)
    return (
        first,
        second,
        load(kept, k + 16),
        load(kept, k + 24),
        load(kept, k + 32),
        load(kept, k + 40),
        load(kept, k + 48),
    )


@nb.njit(inline="always")
def _keep(kept: F64, k: int, state: tuple[float, ...]) -> None:
    a, ac, q, qc, known, equal, last = state
    store(kept, k, a)
    store(kept, k + 8, ac)
    store(kept, k + 16, q)
    store(kept, k + 24, qc)
    store(kept, k + 32, known)
    store(kept, k + 40, equal)
    store(kept, k + 48, last)


@nb.njit(inline="always")
def _mended(sound: float, held: tuple[float, ...], anew: tuple[float, ...]) -> tuple[float, ...]:
    """Two sums: those held where they are sound, else those counted anew."""
    a, ac, q, qc = held
    b, bc, r, rc = anew
    return choose(sound, a, b), choose(sound, ac, bc), choose(sound, q, r), choose(sound, qc, rc)


@nb.njit(error_model="numpy")
def _square_anchor(x: F64, at: int, symbols: int, n: int) -> tuple[float, float, float, float]:
    a, ac, q, qc = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
    for place in range(at - (n - 1) * symbols, at + 1, symbols):
        v = finite_or_zero(load(x, place))
        a, ac = take(a, ac, v)
        p, lost = times(v, v)
        q, qc = take_product(q, qc, p, lost)
    return a, ac, q, qc


@nb.njit(cache=True, error_model="numpy")
def running_std(x: F64, symbols: int, n: int, out: F64) -> None:
    """Sample standard deviation (n - 1) of n >= 2 bars; 0.0 where they are equal."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, full = np.zeros(groups * 7 * LANES), spread(np.nan), spread(float(n))
    pairs, zero = spread(n * (n - 1.0)), spread(0.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            k, column = group * 7 * LANES, min(group * LANES, symbols - LANES)
            a, ac, q, qc, known, equal, last = _loaded(kept, k)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v = load(x, at)
                known, equal = runs(v, last, known, equal)
                last = v
                if t < n - 1:
                    store(out, at, nan)
                    continue
                if t == n - 1 or t % ANCHOR_BARS == 0:
                    a, ac, q, qc = _square_anchor(x, at, symbols, n)
                    sound = finite((a + ac) + (q + qc))
                else:
                    new, old = finite_or_zero(v), finite_or_zero(load(x, at - n * symbols))
                    a, ac = take(a, ac, new)
                    a, ac = take(a, ac, -old)
                    p, lost = times(new, new)
                    q, qc = take_product(q, qc, p, lost)
                    p, lost = times(old, old)
                    q, qc = take_product(q, qc, -p, -lost)
                    sound = finite((a + ac) + (q + qc))
                    if some(~sound):
                        a, ac, q, qc = _mended(sound, (a, ac, q, qc), _square_anchor(x, at, symbols, n))
                        sound = finite((a + ac) + (q + qc))
                spread_sum = centred(full, q, qc, a, ac, a, ac)
                value = choose(equal >= full, zero, positive_root(spread_sum / pairs))
                good = (known >= full) & sound & (spread_sum == spread_sum)
                store(out, at, choose(good, value, nan))
            _keep(kept, k, (a, ac, q, qc, known, equal, last))


@nb.njit(error_model="numpy")
def _weighted_anchor(x: F64, at: int, symbols: int, n: int) -> tuple[float, float, float, float]:
    a, ac, q, qc = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
    for rank in range(n):
        v = finite_or_zero(load(x, at - (n - 1 - rank) * symbols))
        a, ac = take(a, ac, v)
        p, lost = times(spread(rank + 1.0), v)
        q, qc = take_product(q, qc, p, lost)
    return a, ac, q, qc


@nb.njit(cache=True, error_model="numpy")
def running_weighted(x: F64, symbols: int, n: int, slope: bool, out: F64) -> None:
    """Weights 1 (oldest) to n: their mean, or the least-squares slope a bar of n >= 2 bars."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, full = np.zeros(groups * 7 * LANES), spread(np.nan), spread(float(n))
    zero, two, more = spread(0.0), spread(2.0), spread(n + 1.0)
    below = spread(n * (float(n) * n - 1.0) / 6.0 if slope else n * (n + 1.0) / 2.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            k, column = group * 7 * LANES, min(group * LANES, symbols - LANES)
            a, ac, q, qc, known, equal, last = _loaded(kept, k)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v = load(x, at)
                known, equal = runs(v, last, known, equal)
                last = v
                if t < n - 1:
                    store(out, at, nan)
                    continue
                if t == n - 1 or t % ANCHOR_BARS == 0:
                    a, ac, q, qc = _weighted_anchor(x, at, symbols, n)
                    sound = finite((a + ac) + (q + qc))
                else:
                    new, old = finite_or_zero(v), finite_or_zero(load(x, at - n * symbols))
                    # Every weight falls by one, and the oldest to none: that is the sum of the window before.
                    p, lost = times(full, new)
                    q, qc = take_product(q, qc, p, lost)
                    q, qc = take_product(q, qc, -a, -ac)
                    a, ac = take(a, ac, new)
                    a, ac = take(a, ac, -old)
                    sound = finite((a + ac) + (q + qc))
                    if some(~sound):
                        a, ac, q, qc = _mended(sound, (a, ac, q, qc), _weighted_anchor(x, at, symbols, n))
                        sound = finite((a + ac) + (q + qc))
                if slope:
                    p, lost = times(more, a)
                    heavy, turned = two * q, -p
                    total = heavy + turned
                    other = total - heavy
                    error = (heavy - (total - other)) + (turned - other)
                    tilt = total + (error + ((two * qc - lost) - more * ac))
                    value = choose(equal >= full, zero, tilt / below)
                else:
                    value = choose(equal >= full, v, (q + qc) / below)
                good = (known >= full) & sound & (value == value)
                store(out, at, choose(good, value, nan))
            _keep(kept, k, (a, ac, q, qc, known, equal, last))
