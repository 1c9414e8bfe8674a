"""Running sums over windows for the batch evaluator: whole matrices, a block of columns at a time.

The order of operations is the semantics: docs/alpha.md has it. State lies in one small array of fixed row length `W`,
so that the compiler can prove that nothing overlaps and puts columns into vector lanes. All kernels take (T, S)
and return the same shape, NaN where a window is not full of finite values.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from kernels.alpha.fused import fma
from kernels.alpha.language import ANCHOR_BARS

F64 = NDArray[np.float64]
W = 64


@nb.njit(inline="always")
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """a + b and what its rounding lost (Knuth)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


@nb.njit(inline="always")
def _two_product(a: float, b: float) -> tuple[float, float]:
    """a * b and what its rounding lost."""
    product = a * b
    return product, fma(a, b, -product)  # pyright: ignore[reportCallIssue]


@nb.njit(inline="always")
def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0


@nb.njit(inline="always")
def _take(s: F64, row: int, j: int, value: float, lost: float) -> None:
    """Add a value, and what its own rounding lost, to the sum in `row`; what the sum loses goes into the row below."""
    total, e = _two_sum(s[row * W + j], value)
    s[row * W + j] = total
    s[(row + 1) * W + j] += e + lost


@nb.njit(inline="always")
def _root(value: float) -> float:
    return np.sqrt(value if value > 0.0 else 0.0)


@nb.njit(inline="always")
def _follow(x: F64, t: int, b: int, w: int, life: F64, at: int) -> None:
    """Finite bars in a row, equal bars in a row, and the last value, from `at` on in `life`."""
    for j in range(w):
        v = x[t, b + j]
        life[at + j] = life[at + j] + 1.0 if np.isfinite(v) else 0.0
        life[at + W + j] = life[at + W + j] + 1.0 if v == life[at + 2 * W + j] else 1.0
        life[at + 2 * W + j] = v


@nb.njit(cache=True, error_model="numpy")
def _sum_anchor(x: F64, t: int, n: int, b: int, low: int, high: int, s: F64) -> None:
    s[low:high] = 0.0
    s[W + low : W + high] = 0.0
    for k in range(t - n + 1, t + 1):
        for j in range(low, high):
            _take(s, 0, j, _finite(x[k, b + j]), 0.0)


@nb.njit(cache=True, error_model="numpy")
def running_sum(x: F64, n: int, divisor: float) -> F64:
    """Sum of n bars / divisor; n equal values v give v * (n / divisor)."""
    bars, symbols = x.shape
    out = np.empty((bars, symbols))
    for b in range(0, symbols, W):
        w = min(W, symbols - b)
        s, life = np.zeros(2 * W), np.zeros(3 * W)
        for t in range(bars):
            _follow(x, t, b, w, life, 0)
            if t < n - 1:
                out[t, b : b + w] = np.nan
                continue
            if t == n - 1 or t % ANCHOR_BARS == 0:
                _sum_anchor(x, t, n, b, 0, w, s)
            else:
                wild = 0
                for j in range(w):
                    _take(s, 0, j, _finite(x[t, b + j]), 0.0)
                    _take(s, 0, j, -_finite(x[t - n, b + j]), 0.0)
                    wild += not np.isfinite(s[j] + s[W + j])
                if wild:
                    for j in range(w):
                        if not np.isfinite(s[j] + s[W + j]):
                            _sum_anchor(x, t, n, b, j, j + 1, s)
            for j in range(w):
                total = x[t, b + j] * (n / divisor) if life[W + j] >= n else (s[j] + s[W + j]) / divisor
                out[t, b + j] = total if life[j] >= n and np.isfinite(s[j] + s[W + j]) else np.nan
    return out


@nb.njit(cache=True, error_model="numpy")
def _square_anchor(x: F64, t: int, n: int, b: int, low: int, high: int, s: F64) -> None:
    for row in range(4):
        s[row * W + low : row * W + high] = 0.0
    for k in range(t - n + 1, t + 1):
        for j in range(low, high):
            v = _finite(x[k, b + j])
            _take(s, 0, j, v, 0.0)
            p, lost = _two_product(v, v)
            _take(s, 2, j, p, lost)


@nb.njit(inline="always")
def _centred(n: float, pp: float, pc: float, a: float, ac: float, c: float, cc: float) -> float:
    """n * sum(xy) - sum(x) * sum(y), each sum as (high, lost), before the last rounding."""
    left, left_lost = _two_product(n, pp)
    right, right_lost = _two_product(a, c)
    total, lost = _two_sum(left, -right)
    return total + (lost + ((left_lost + n * pc) - (right_lost + (a * cc + ac * c))))


@nb.njit(cache=True, error_model="numpy")
def running_std(x: F64, n: int) -> F64:
    """Sample standard deviation (n - 1) of n bars; 0.0 where they are equal."""
    bars, symbols = x.shape
    out = np.empty((bars, symbols))
    weight, pairs = float(n), n * (n - 1.0)
    for b in range(0, symbols, W):
        w = min(W, symbols - b)
        s, life = np.zeros(4 * W), np.zeros(3 * W)
        for t in range(bars):
            _follow(x, t, b, w, life, 0)
            if t < n - 1 or n < 2:
                out[t, b : b + w] = np.nan
                continue
            if t == n - 1 or t % ANCHOR_BARS == 0:
                _square_anchor(x, t, n, b, 0, w, s)
            else:
                wild = 0
                for j in range(w):
                    v, old = _finite(x[t, b + j]), _finite(x[t - n, b + j])
                    _take(s, 0, j, v, 0.0)
                    _take(s, 0, j, -old, 0.0)
                    p, lost = _two_product(v, v)
                    _take(s, 2, j, p, lost)
                    p, lost = _two_product(old, old)
                    _take(s, 2, j, -p, -lost)
                    wild += not np.isfinite((s[j] + s[W + j]) + (s[2 * W + j] + s[3 * W + j]))
                if wild:
                    for j in range(w):
                        if not np.isfinite((s[j] + s[W + j]) + (s[2 * W + j] + s[3 * W + j])):
                            _square_anchor(x, t, n, b, j, j + 1, s)
            for j in range(w):
                a, ac = s[j], s[W + j]
                centred = _centred(weight, s[2 * W + j], s[3 * W + j], a, ac, a, ac)
                spread = 0.0 if life[W + j] >= n else _root(centred / pairs)
                good = life[j] >= n and np.isfinite((a + ac) + (s[2 * W + j] + s[3 * W + j])) and centred == centred
                out[t, b + j] = spread if good else np.nan
    return out


@nb.njit(cache=True, error_model="numpy")
def _weighted_anchor(x: F64, t: int, n: int, b: int, low: int, high: int, s: F64) -> None:
    for row in range(4):
        s[row * W + low : row * W + high] = 0.0
    for k in range(n):
        for j in range(low, high):
            v = _finite(x[t - n + 1 + k, b + j])
            _take(s, 0, j, v, 0.0)
            p, lost = _two_product(k + 1.0, v)
            _take(s, 2, j, p, lost)


@nb.njit(cache=True, error_model="numpy")
def running_weighted(x: F64, n: int, slope: int) -> F64:
    """Weights 1 (oldest) to n: their mean (slope 0), or the least-squares slope a bar (slope 1)."""
    bars, symbols = x.shape
    out = np.empty((bars, symbols))
    weight = float(n)
    below = weight * (weight * weight - 1.0) / 6.0 if slope else weight * (weight + 1.0) / 2.0
    for b in range(0, symbols, W):
        w = min(W, symbols - b)
        s, life = np.zeros(4 * W), np.zeros(3 * W)
        for t in range(bars):
            _follow(x, t, b, w, life, 0)
            if t < n - 1 or (slope and n < 2):
                out[t, b : b + w] = np.nan
                continue
            if t == n - 1 or t % ANCHOR_BARS == 0:
                _weighted_anchor(x, t, n, b, 0, w, s)
            else:
                wild = 0
                for j in range(w):
                    v, old = _finite(x[t, b + j]), _finite(x[t - n, b + j])
                    # Every weight falls by one, and the oldest to none: that is the sum of the window before.
                    p, lost = _two_product(weight, v)
                    _take(s, 2, j, p, lost)
                    _take(s, 2, j, -s[j], -s[W + j])
                    _take(s, 0, j, v, 0.0)
                    _take(s, 0, j, -old, 0.0)
                    wild += not np.isfinite((s[j] + s[W + j]) + (s[2 * W + j] + s[3 * W + j]))
                if wild:
                    for j in range(w):
                        if not np.isfinite((s[j] + s[W + j]) + (s[2 * W + j] + s[3 * W + j])):
                            _weighted_anchor(x, t, n, b, j, j + 1, s)
            for j in range(w):
                a, ac, heavy, lost = s[j], s[W + j], s[2 * W + j], s[3 * W + j]
                p, p_lost = _two_product(weight + 1.0, a)
                total, e = _two_sum(2.0 * heavy, -p)
                tilt = total + (e + ((2.0 * lost - p_lost) - (weight + 1.0) * ac))
                even = 0.0 if slope else x[t, b + j]
                value = even if life[W + j] >= n else (tilt if slope else heavy + lost) / below
                good = life[j] >= n and np.isfinite((a + ac) + (heavy + lost)) and value == value
                out[t, b + j] = value if good else np.nan
    return out


@nb.njit(inline="always")
def _take_pair(s: F64, j: int, x: float, y: float, sign: float) -> None:
    """Add (sign 1) or remove (sign -1) a bar: sums of x, y, x * x, y * y, x * y."""
    good = np.isfinite(x) and np.isfinite(y)
    x, y = x if good else 0.0, y if good else 0.0
    _take(s, 0, j, sign * x, 0.0)
    _take(s, 2, j, sign * y, 0.0)
    p, lost = _two_product(x, x)
    _take(s, 4, j, sign * p, sign * lost)
    p, lost = _two_product(y, y)
    _take(s, 6, j, sign * p, sign * lost)
    p, lost = _two_product(x, y)
    _take(s, 8, j, sign * p, sign * lost)


@nb.njit(inline="always")
def _all(s: F64, j: int) -> float:
    """Finite when every sum is."""
    firsts = (s[j] + s[W + j]) + (s[2 * W + j] + s[3 * W + j])
    squares = (s[4 * W + j] + s[5 * W + j]) + (s[6 * W + j] + s[7 * W + j])
    return firsts + (squares + (s[8 * W + j] + s[9 * W + j]))


@nb.njit(cache=True, error_model="numpy")
def _pair_anchor(x: F64, y: F64, t: int, n: int, b: int, low: int, high: int, s: F64) -> None:
    for row in range(10):
        s[row * W + low : row * W + high] = 0.0
    for k in range(t - n + 1, t + 1):
        for j in range(low, high):
            _take_pair(s, j, x[k, b + j], y[k, b + j], 1.0)


@nb.njit(cache=True, error_model="numpy")
def running_pair(x: F64, y: F64, n: int, correlate: int) -> F64:
    """Sample covariance of n bars (correlate 0), or correlation in [-1, 1] (correlate 1): NaN where a side is flat."""
    bars, symbols = x.shape
    out = np.empty((bars, symbols))
    weight, pairs = float(n), n * (n - 1.0)
    for b in range(0, symbols, W):
        w = min(W, symbols - b)
        s, life = np.zeros(10 * W), np.zeros(6 * W)
        for t in range(bars):
            _follow(x, t, b, w, life, 0)
            _follow(y, t, b, w, life, 3 * W)
            if t < n - 1 or n < 2:
                out[t, b : b + w] = np.nan
                continue
            if t == n - 1 or t % ANCHOR_BARS == 0:
                _pair_anchor(x, y, t, n, b, 0, w, s)
            else:
                wild = 0
                for j in range(w):
                    _take_pair(s, j, x[t, b + j], y[t, b + j], 1.0)
                    _take_pair(s, j, x[t - n, b + j], y[t - n, b + j], -1.0)
                    wild += not np.isfinite(_all(s, j))
                if wild:
                    for j in range(w):
                        if not np.isfinite(_all(s, j)):
                            _pair_anchor(x, y, t, n, b, j, j + 1, s)
            for j in range(w):
                a, ac, c, cc = s[j], s[W + j], s[2 * W + j], s[3 * W + j]
                both = _centred(weight, s[8 * W + j], s[9 * W + j], a, ac, c, cc)
                flat = life[W + j] >= n or life[4 * W + j] >= n
                if correlate:
                    spread_x = _centred(weight, s[4 * W + j], s[5 * W + j], a, ac, a, ac)
                    spread_y = _centred(weight, s[6 * W + j], s[7 * W + j], c, cc, c, cc)
                    value = both / (_root(spread_x) * _root(spread_y))
                    value = 1.0 if value > 1.0 else (-1.0 if value < -1.0 else value)
                    value = np.nan if flat or not np.isfinite(value) else value
                else:
                    value = 0.0 if flat else both / pairs
                good = life[j] >= n and life[3 * W + j] >= n and np.isfinite(_all(s, j)) and np.isfinite(value)
                out[t, b + j] = value if good else np.nan
    return out
