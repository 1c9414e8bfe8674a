"""Ranks and places inside a window, and the exponential mean, for the batch evaluator: a block of columns at a time."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
W = 64


@nb.njit(cache=True, error_model="numpy")
def rank_in_window(x: F64, n: int) -> F64:
    """Rank of the newest value among the known ones of its n bars, ties averaged, divided by their number."""
    bars, symbols = x.shape
    out = np.empty((bars, symbols))
    for b in range(0, symbols, W):
        w = min(W, symbols - b)
        score, known = np.zeros(W), np.zeros(W)
        for t in range(bars):
            for j in range(w):
                known[j] += 1.0 if x[t, b + j] == x[t, b + j] else 0.0
                if t >= n:
                    known[j] -= 1.0 if x[t - n, b + j] == x[t - n, b + j] else 0.0
            if t < n - 1:
                out[t, b : b + w] = np.nan
                continue
            # One for each smaller value and a half for each equal one, itself among them: halves add up exactly.
            score[:] = 0.5
            for k in range(t - n + 1, t + 1):
                for j in range(w):
                    v, now = x[k, b + j], x[t, b + j]
                    score[j] += 1.0 if v < now else (0.5 if v == now else 0.0)
            for j in range(w):
                out[t, b + j] = score[j] / known[j] if x[t, b + j] == x[t, b + j] else np.nan
    return out


@nb.njit(cache=True, error_model="numpy")
def place_in_window(x: F64, n: int, sign: float) -> F64:
    """Where in n bars the largest (sign 1) or smallest (sign -1) value stands, 1 the oldest; the first of ties."""
    bars, symbols = x.shape
    out = np.empty((bars, symbols))
    for b in range(0, symbols, W):
        w = min(W, symbols - b)
        state = np.zeros(3 * W)
        for t in range(bars):
            if t < n - 1:
                out[t, b : b + w] = np.nan
                continue
            for j in range(w):
                state[j] = sign * x[t - n + 1, b + j]
                state[W + j] = 1.0
                state[2 * W + j] = state[j]
            for k in range(1, n):
                for j in range(w):
                    v = sign * x[t - n + 1 + k, b + j]
                    higher = v > state[j]
                    state[j] = v if higher else state[j]
                    state[W + j] = k + 1.0 if higher else state[W + j]
                    state[2 * W + j] = v if v != v else state[2 * W + j]
            for j in range(w):
                out[t, b + j] = state[W + j] if state[2 * W + j] == state[2 * W + j] else np.nan
    return out


@nb.njit(cache=True, error_model="numpy")
def exponential_mean(x: F64, n: int) -> F64:
    """Weight 2 / (n + 1) from the first known value on; unknown values repeat the last, n in a row restart it."""
    bars, symbols = x.shape
    out = np.empty((bars, symbols))
    weight = 2.0 / (n + 1.0)
    kept = 1.0 - weight
    for b in range(0, symbols, W):
        w = min(W, symbols - b)
        state = np.zeros(2 * W)
        for j in range(w):
            state[j] = np.nan
        for t in range(bars):
            for j in range(w):
                v, last = x[t, b + j], state[j]
                missing = 0.0 if v == v else state[W + j] + 1.0
                blend = kept * last + weight * v
                known = blend if last == last else v
                over = np.nan if missing >= n else last
                state[j] = known if v == v else over
                state[W + j] = missing
                out[t, b + j] = state[j]
    return out
