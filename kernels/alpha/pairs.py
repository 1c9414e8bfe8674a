"""Running covariance and correlation for the batch evaluator; kernels.alpha.windows says how the kernels work."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from kernels.alpha.lane_sums import centred, give, give_product, positive_root, take, take_product, times
from kernels.alpha.language import ANCHOR_BARS
from kernels.lanes import LANES, choose, finite, load, some, spread, store

# Lanes are no type of Python's: in signatures they are the float that each of them holds.
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportArgumentType=false, reportReturnType=false

F64 = NDArray[np.float64]
ROWS = 8


@nb.njit(inline="always")
def _finite_pair(v: float, w: float) -> tuple[float, float]:
    """A bar without a side counts as 0, 0."""
    good = finite(v) & finite(w)
    return choose(good, v, spread(0.0)), choose(good, w, spread(0.0))


@nb.njit(inline="always")
def _pair_taken(s: tuple[float, ...], v: float, w: float) -> tuple[float, ...]:
    """Sums of x, y, x x, y y, x y with a bar more."""
    a, ac, c, cc, xx, xxc, yy, yyc, xy, xyc = s
    v, w = _finite_pair(v, w)
    a, ac = take(a, ac, v)
    c, cc = take(c, cc, w)
    p, lost = times(v, v)
    xx, xxc = take_product(xx, xxc, p, lost)
    p, lost = times(w, w)
    yy, yyc = take_product(yy, yyc, p, lost)
    p, lost = times(v, w)
    xy, xyc = take_product(xy, xyc, p, lost)
    return a, ac, c, cc, xx, xxc, yy, yyc, xy, xyc


@nb.njit(inline="always")
def _pair_given(s: tuple[float, ...], v: float, w: float) -> tuple[float, ...]:
    """The sums with a bar less."""
    a, ac, c, cc, xx, xxc, yy, yyc, xy, xyc = s
    v, w = _finite_pair(v, w)
    a, ac = give(a, ac, v)
    c, cc = give(c, cc, w)
    p, lost = times(v, v)
    xx, xxc = give_product(xx, xxc, p, lost)
    p, lost = times(w, w)
    yy, yyc = give_product(yy, yyc, p, lost)
    p, lost = times(v, w)
    xy, xyc = give_product(xy, xyc, p, lost)
    return a, ac, c, cc, xx, xxc, yy, yyc, xy, xyc


@nb.njit(inline="always")
def _pair_sound(s: tuple[float, ...]) -> float:
    return finite(((s[0] + s[1]) + (s[2] + s[3])) + (((s[4] + s[5]) + (s[6] + s[7])) + (s[8] + s[9])))


@nb.njit(error_model="numpy")
def _pair_anchor(x: F64, y: F64, at: int, symbols: int, n: int) -> tuple[float, ...]:
    zero = spread(0.0)
    s = zero, zero, zero, zero, zero, zero, zero, zero, zero, zero
    for place in range(at - (n - 1) * symbols, at + 1, symbols):
        s = _pair_taken(s, load(x, place), load(y, place))
    return s


@nb.njit(inline="always")
def _pair_mended(sound: float, s: tuple[float, ...], r: tuple[float, ...]) -> tuple[float, ...]:
    a, ac, c, cc = (
        choose(sound, s[0], r[0]),
        choose(sound, s[1], r[1]),
        choose(sound, s[2], r[2]),
        choose(sound, s[3], r[3]),
    )
    xx, xxc, yy = choose(sound, s[4], r[4]), choose(sound, s[5], r[5]), choose(sound, s[6], r[6])
    return a, ac, c, cc, xx, xxc, yy, choose(sound, s[7], r[7]), choose(sound, s[8], r[8]), choose(sound, s[9], r[9])


@nb.njit(inline="always")
def _pair_loaded(kept: F64, k: int) -> tuple[float, ...]:
    a, ac, c, cc, xx = load(kept, k), load(kept, k + 8), load(kept, k + 16), load(kept, k + 24), load(kept, k + 32)
    xxc, yy, yyc, xy = load(kept, k + 40), load(kept, k + 48), load(kept, k + 56), load(kept, k + 64)
    return a, ac, c, cc, xx, xxc, yy, yyc, xy, load(kept, k + 72)


@nb.njit(inline="always")
def _pair_keep(kept: F64, k: int, s: tuple[float, ...]) -> None:
    for at, value in enumerate(s):
        store(kept, k + 8 * at, value)


@nb.njit(inline="always")
def _covariance(n: float, s: tuple[float, ...]) -> float:
    return centred(n, s[8], s[9], s[0], s[1], s[2], s[3])


@nb.njit(inline="always")
def _correlation(n: float, s: tuple[float, ...]) -> float:
    """In [-1, 1]."""
    one = spread(1.0)
    wide_x, wide_y = centred(n, s[4], s[5], s[0], s[1], s[0], s[1]), centred(n, s[6], s[7], s[2], s[3], s[2], s[3])
    value = _covariance(n, s) / (positive_root(wide_x) * positive_root(wide_y))
    return choose(value > one, one, choose(value < -one, -one, value))


@nb.njit(cache=True, error_model="numpy")
def running_pair(x: F64, y: F64, symbols: int, n: int, correlate: bool, out: F64) -> None:
    """Sample covariance of n >= 2 bars, or correlation in [-1, 1]: NaN where a side is flat."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, full = np.zeros(groups * 15 * LANES), spread(np.nan), spread(float(n))
    pairs, zero, one = spread(n * (n - 1.0)), spread(0.0), spread(1.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            k, column = group * 15 * LANES, min(group * LANES, symbols - LANES)
            s, known, last_x, last_y = _pair_loaded(kept, k), load(kept, k + 80), load(kept, k + 88), load(kept, k + 96)
            equal_x, equal_y = load(kept, k + 104), load(kept, k + 112)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v, w = load(x, at), load(y, at)
                known = choose(finite(v) & finite(w), known + one, zero)
                equal_x, equal_y = choose(v == last_x, equal_x + one, one), choose(w == last_y, equal_y + one, one)
                last_x, last_y = v, w
                if t < n - 1:
                    store(out, at, nan)
                    continue
                if t == n - 1 or t % ANCHOR_BARS == 0:
                    s = _pair_anchor(x, y, at, symbols, n)
                    sound = _pair_sound(s)
                else:
                    old = at - n * symbols
                    s = _pair_given(_pair_taken(s, v, w), load(x, old), load(y, old))
                    sound = _pair_sound(s)
                    if some(~sound):
                        s = _pair_mended(sound, s, _pair_anchor(x, y, at, symbols, n))
                        sound = _pair_sound(s)
                flat = (equal_x >= full) | (equal_y >= full)
                if correlate:
                    value = choose(flat, nan, _correlation(full, s))
                else:
                    value = choose(flat, zero, _covariance(full, s) / pairs)
                store(out, at, choose((known >= full) & sound & finite(value), value, nan))
            _pair_keep(kept, k, s)
            store(kept, k + 80, known)
            store(kept, k + 88, last_x)
            store(kept, k + 96, last_y)
            store(kept, k + 104, equal_x)
            store(kept, k + 112, equal_y)
