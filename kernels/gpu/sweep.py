"""The sweep of kernels/reference on a CUDA device: one thread a parameter set, its account in registers.

Neighbouring threads read neighbouring sets and the same row of features. Sums, quotients and roots are rounded as
IEEE says, and products are never fused, so the figures have the reference's bytes.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from typing import Any

import numpy as np
from numba import cuda as _cuda

from kernels.gpu.arithmetic import times
from kernels.sweep_inputs import DISPERSION_FLOOR, F64, FIGURES, I64, Lanes, Market, Terms, chosen

# What numba's stubs say of its CUDA functions is not what they take.
cuda: Any = _cuda
THREADS = 128
RULES = {"ma_cross": 0, "donchian": 1, "rsi_bands": 2, "z_reversion": 3}


def _device(function: Any) -> Any:
    return cuda.jit(function, device=True)


@_device
def _want(rule, row, close, first, second, low, high, held, short):
    """The side wanted; every thread of a launch has the same rule."""
    left, right = row[first], row[second]
    if rule == 0:
        return 1.0 if left > right else (short if left < right else held)
    if rule == 1:
        return 1.0 if close > left else (short if close < right else held)
    if rule == 2:
        return 1.0 if left < low else (short if left > high else held)
    home = (held > 0.0 and left >= -low) or (held < 0.0 and left <= low)
    return 1.0 if left < -high else (short if left > high else (0.0 if home else held))


@_device
def _fill(cash, units, want, price, scale, terms):
    """(cash, units, value traded) after the side has changed to `want`."""
    fee, impact = terms[1], terms[2] + terms[3]
    buy, sell = times(price, 1.0 + impact), times(price, 1.0 - impact)
    closed = times(units, sell if units > 0.0 else buy)
    cash = cash + closed - times(abs(closed), fee)
    entry, sign = (buy, 1.0) if want > 0.0 else (sell, -1.0)
    units_per_usd = times(sign, scale / times(entry, 1.0 + fee)) if want != 0.0 else 0.0
    units = times(cash if cash > 0.0 else 0.0, units_per_usd)
    opened = times(units, entry)
    return cash - opened - times(abs(opened), fee), units, abs(closed) + abs(opened)


@cuda.jit
def _account(rule, features, first, second, low, high, close, fill, scale, terms, figures, curves):
    """One thread a set; `curves` is (N, T), or (N, 0) when none is wanted."""
    n = cuda.grid(1)
    if n >= figures.shape[0]:
        return
    cash = value = peak = worst = worst_peak = terms[0]
    units = held = mean = squares = turnover = orders = 0.0
    for t in range(close.size):
        if t > 0:
            share, want = scale[t - 1], held
            if share == share:
                row = features[t - 1]
                want = _want(rule, row, close[t - 1], first[n], second[n], low[n], high[n], held, terms[5])
            if want != held and value > 0.0:
                cash, units, traded = _fill(cash, units, want, fill[t], share, terms)
                turnover, orders, held = turnover + traded, orders + 1.0, want
            worth = times(units, close[t])
            cash = cash - times(-worth if worth < 0.0 else 0.0, terms[4])
            before, value = value, cash + worth
            if not value > 0.0:
                value = cash = units = held = 0.0
            peak = value if value > peak else peak
            if times(value, worst_peak) < times(worst, peak):
                worst, worst_peak = value, peak
            gain = value / before - 1.0 if before > 0.0 else 0.0
            gap = gain - mean
            mean = mean + times(gap, 1.0 / t)
            squares = squares + times(gap, gain - mean)
        if curves.shape[1] > 0:
            curves[n, t] = value
    returns = close.size - 1
    spread = math.sqrt(squares / (returns - 1)) if returns > 1 else 0.0
    figures[n, 0], figures[n, 1] = value, mean / spread if spread > DISPERSION_FLOOR else math.nan
    figures[n, 2], figures[n, 3], figures[n, 4] = worst / worst_peak - 1.0, turnover, orders


def _run(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms, bars: int) -> tuple[F64, F64]:
    for column in (lanes.first, lanes.second):
        assert column.size == 0 or 0 <= column.min() <= column.max() < features.shape[1], "no such column of features"
    sets = len(lanes.first)
    figures, curves = np.empty((sets, len(FIGURES))), np.empty((sets, bars))
    if sets:
        given = (np.ascontiguousarray(array) for array in (features, *lanes, *market, np.array(terms)))
        on_device = [cuda.to_device(array) for array in given]
        out = cuda.device_array(figures.shape), cuda.device_array((sets, max(bars, 0)))
        _account[(sets + THREADS - 1) // THREADS, THREADS](RULES[rule], *on_device, *out)
        figures, curves = out[0].copy_to_host(), out[1].copy_to_host() if bars else curves
    return figures, curves


def sweep(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms) -> F64:
    """(N, 5) FIGURES of every parameter set; features are (T, W), row t known at the close of bar t."""
    return _run(rule, features, lanes, market, terms, 0)[0]


def curves(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms, rows: I64) -> F64:
    """(len(rows), T) values after each bar of the chosen parameter sets."""
    return _run(rule, features, chosen(lanes, rows), market, terms, len(market.close))[1]
