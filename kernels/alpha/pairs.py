"""Running covariance and correlation for the batch evaluator; kernels.alpha.windows says how the kernels work."""

import numba as nb
import numpy as np

from kernels.lanes import LANES, choose, finite, load, spread, store, some
from kernels.alpha.language import ANCHOR_BARS
from kernels.alpha.windows import F64, ROWS, _centred, _positive_root, _take, _take_product, _times

# Lanes of kernels.lanes are no type of Python's: in signatures they are the float that each of them holds.
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportArgumentType=false, reportReturnType=false


@nb.njit(error_model="numpy")
def _pair_anchor(x: F64, y: F64, at: int, symbols: int, n: int) -> tuple[float, ...]:
    zero = spread(0.0)
    a, ac, c, cc, xx, xxc, yy, yyc, xy, xyc = zero, zero, zero, zero, zero, zero, zero, zero, zero, zero
    for place in range(at - (n - 1) * symbols, at + 1, symbols):
        v, w = load(x, place), load(y, place)
        good = finite(v) & finite(w)
        v, w = choose(good, v, zero), choose(good, w, zero)
        a, ac = _take(a, ac, v)
        c, cc = _take(c, cc, w)
        p, lost = _times(v, v)
        xx, xxc = _take_product(xx, xxc, p, lost)
        p, lost = _times(w, w)
        yy, yyc = _take_product(yy, yyc, p, lost)
        p, lost = _times(v, w)
        xy, xyc = _take_product(xy, xyc, p, lost)
    return a, ac, c, cc, xx, xxc, yy, yyc, xy, xyc


@nb.njit(cache=True, error_model="numpy")
def running_pair(x: F64, y: F64, symbols: int, n: int, correlate: bool, out: F64) -> None:
    """Sample covariance of n >= 2 bars, or correlation in [-1, 1]: NaN where a side is flat."""
    bars, groups = x.size // symbols, (symbols + LANES - 1) // LANES
    kept, nan, full = np.zeros(groups * 15 * LANES), spread(np.nan), spread(float(n))
    pairs, zero, one = spread(n * (n - 1.0)), spread(0.0), spread(1.0)
    for start in range(0, bars, ROWS):
        for group in range(groups):
            k, column = group * 15 * LANES, min(group * LANES, symbols - LANES)
            a, ac, c, cc = load(kept, k), load(kept, k + 8), load(kept, k + 16), load(kept, k + 24)
            xx, xxc, yy, yyc = load(kept, k + 32), load(kept, k + 40), load(kept, k + 48), load(kept, k + 56)
            xy, xyc, last_x, last_y = load(kept, k + 64), load(kept, k + 72), load(kept, k + 80), load(kept, k + 88)
            known, equal_x, equal_y = load(kept, k + 96), load(kept, k + 104), load(kept, k + 112)
            for t in range(start, min(start + ROWS, bars)):
                at = t * symbols + column
                v, w = load(x, at), load(y, at)
                good = finite(v) & finite(w)
                known = choose(good, known + one, zero)
                equal_x = choose(v == last_x, equal_x + one, one)
                equal_y = choose(w == last_y, equal_y + one, one)
                last_x, last_y = v, w
                if t < n - 1:
                    store(out, at, nan)
                    continue
                if t == n - 1 or t % ANCHOR_BARS == 0:
                    a, ac, c, cc, xx, xxc, yy, yyc, xy, xyc = _pair_anchor(x, y, at, symbols, n)
                    sound = finite(((a + ac) + (c + cc)) + (((xx + xxc) + (yy + yyc)) + (xy + xyc)))
                else:
                    v, w = choose(good, v, zero), choose(good, w, zero)
                    a, ac = _take(a, ac, v)
                    c, cc = _take(c, cc, w)
                    p, lost = _times(v, v)
                    xx, xxc = _take_product(xx, xxc, p, lost)
                    p, lost = _times(w, w)
                    yy, yyc = _take_product(yy, yyc, p, lost)
                    p, lost = _times(v, w)
                    xy, xyc = _take_product(xy, xyc, p, lost)
                    v, w = load(x, at - n * symbols), load(y, at - n * symbols)
                    good = finite(v) & finite(w)
                    v, w = choose(good, v, zero), choose(good, w, zero)
                    a, ac = _take(a, ac, -v)
                    c, cc = _take(c, cc, -w)
                    p, lost = _times(v, v)
                    xx, xxc = _take_product(xx, xxc, -p, -lost)
                    p, lost = _times(w, w)
                    yy, yyc = _take_product(yy, yyc, -p, -lost)
                    p, lost = _times(v, w)
                    xy, xyc = _take_product(xy, xyc, -p, -lost)
                    sound = finite(((a + ac) + (c + cc)) + (((xx + xxc) + (yy + yyc)) + (xy + xyc)))
                    if some(~sound):
                        b, bc, d, dc, r, rc, s, sc, u, uc = _pair_anchor(x, y, at, symbols, n)
                        a, ac, c, cc = (
                            choose(sound, a, b),
                            choose(sound, ac, bc),
                            choose(sound, c, d),
                            choose(sound, cc, dc),
                        )
                        xx, xxc, yy = choose(sound, xx, r), choose(sound, xxc, rc), choose(sound, yy, s)
                        yyc, xy, xyc = choose(sound, yyc, sc), choose(sound, xy, u), choose(sound, xyc, uc)
                        sound = finite(((a + ac) + (c + cc)) + (((xx + xxc) + (yy + yyc)) + (xy + xyc)))
                both = _centred(full, xy, xyc, a, ac, c, cc)
                flat = (equal_x >= full) | (equal_y >= full)
                if correlate:
                    spread_x, spread_y = _centred(full, xx, xxc, a, ac, a, ac), _centred(full, yy, yyc, c, cc, c, cc)
                    value = both / (_positive_root(spread_x) * _positive_root(spread_y))
                    value = choose(value > one, one, choose(value < -one, -one, value))
                    value = choose(flat, nan, value)
                else:
                    value = choose(flat, zero, both / pairs)
                good = (known >= full) & sound & finite(value)
                store(out, at, choose(good, value, nan))
            store(kept, k, a)
            store(kept, k + 8, ac)
            store(kept, k + 16, c)
            store(kept, k + 24, cc)
            store(kept, k + 32, xx)
            store(kept, k + 40, xxc)
            store(kept, k + 48, yy)
            store(kept, k + 56, yyc)
            store(kept, k + 64, xy)
            store(kept, k + 72, xyc)
            store(kept, k + 80, last_x)
            store(kept, k + 88, last_y)
            store(kept, k + 96, known)
            store(kept, k + 104, equal_x)
            store(kept, k + 112, equal_y)
