"""The sweep of kernels/reference in lanes: bar after bar, and at each bar a block of parameter sets at once.

A block's state is one flat array in the first-level cache, so LLVM turns the loop over its lanes into vector code;
everything is a select, nothing a branch. Lanes never meet, so blocks, threads and vector width change no bit.
The compiler's disk cache looks at this file alone: nothing compiled here calls what is compiled elsewhere.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit
from numba.core.compiler import Compiler

from kernels.sweep_inputs import DISPERSION_FLOOR, F64, FIGURES, I64, Lanes, Market, Terms, chosen

LANES = 256
CASH, UNITS, HELD, VALUE, PEAK, WORST, WORST_PEAK, MEAN, SQUARES, TURNOVER, ORDERS = (k * LANES for k in range(11))


class _NoOverlap(Compiler):
    """The arrays of a call do not overlap: without this promise LLVM cannot gather and store in one loop."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


def _compiled(function: Any) -> Any:
    # No fast-math, no contraction: the operation order is the semantics.
    return njit(error_model="numpy", nogil=True, cache=True, pipeline_class=_NoOverlap)(function)


def _inlined(function: Any) -> Any:
    return njit(error_model="numpy", cache=True, forceinline=True)(function)


@_inlined
def _fill(cash, units, want, bar):
    """(cash, units, value traded) after the side has changed to `want`."""
    buy, sell, long_units, short_units, _, _, fee, _ = bar
    closed = units * (sell if units > 0.0 else buy)
    cash = cash + closed - abs(closed) * fee
    units_per_usd = long_units if want > 0.0 else (short_units if want < 0.0 else 0.0)
    units = (cash if cash > 0.0 else 0.0) * units_per_usd
    opened = units * (buy if want > 0.0 else sell)
    return cash - opened - abs(opened) * fee, units, abs(closed) + abs(opened)


@_inlined
def _measure(s, i, value, inverse_count):
    """Take the value into the lane's drawdown and into its mean and squares of returns."""
    before = s[VALUE + i]
    peak = value if value > s[PEAK + i] else s[PEAK + i]
    deeper = value * s[WORST_PEAK + i] < s[WORST + i] * peak
    s[WORST + i] = value if deeper else s[WORST + i]
    s[WORST_PEAK + i] = peak if deeper else s[WORST_PEAK + i]
    gain = value / before - 1.0 if before > 0.0 else 0.0
    gap = gain - s[MEAN + i]
    mean = s[MEAN + i] + gap * inverse_count
    s[SQUARES + i] = s[SQUARES + i] + gap * (gain - mean)
    s[MEAN + i], s[PEAK + i], s[VALUE + i] = mean, peak, value


@_inlined
def _account(s, i, want, bar):
    """One lane's bar: fill what was decided, pay the borrow, mark."""
    held = s[HELD + i]
    trades = (want != held) & (s[VALUE + i] > 0.0)
    cash, units, traded = _fill(s[CASH + i], s[UNITS + i], want, bar)
    cash, units = cash if trades else s[CASH + i], units if trades else s[UNITS + i]
    s[TURNOVER + i] = s[TURNOVER + i] + (traded if trades else 0.0)
    s[ORDERS + i] = s[ORDERS + i] + (1.0 if trades else 0.0)
    worth = units * bar[4]
    cash = cash - (-worth if worth < 0.0 else 0.0) * bar[7]
    value = cash + worth
    lives = value > 0.0
    s[CASH + i], s[UNITS + i] = cash if lives else 0.0, units if lives else 0.0
    s[HELD + i] = (want if trades else held) if lives else 0.0
    _measure(s, i, value if lives else 0.0, bar[5])


@_inlined
def _bar(market, terms, t):
    """(buy, sell, units a dollar buys, units a dollar sells short, close, 1 / returns so far, fee, borrow)."""
    close, fill, scale = market
    _, fee, half_spread, slippage, borrow, _ = terms
    buy, sell = fill[t] * (1.0 + (half_spread + slippage)), fill[t] * (1.0 - (half_spread + slippage))
    long_units, short_units = scale[t - 1] / (buy * (1.0 + fee)), -(scale[t - 1] / (sell * (1.0 + fee)))
    return buy, sell, long_units, short_units, close[t], 1.0 / t, fee, borrow


@_compiled
def _ma_cross(features, first, second, low, high, market, terms, begin, end, s):
    """Bars [begin, end) of one block; `s` is its state, changed in place. So do all rules."""
    for t in range(begin, end):
        row, short, bar = features[t - 1], terms[5], _bar(market, terms, t)
        for i in range(LANES):
            fast, slow = row[first[i]], row[second[i]]
            _account(s, i, 1.0 if fast > slow else (short if fast < slow else s[HELD + i]), bar)


@_compiled
def _donchian(features, first, second, low, high, market, terms, begin, end, s):
    for t in range(begin, end):
        row, short, last, bar = features[t - 1], terms[5], market[0][t - 1], _bar(market, terms, t)
        for i in range(LANES):
            top, bottom = row[first[i]], row[second[i]]
            _account(s, i, 1.0 if last > top else (short if last < bottom else s[HELD + i]), bar)


@_compiled
def _rsi_bands(features, first, second, low, high, market, terms, begin, end, s):
    for t in range(begin, end):
        row, short, bar = features[t - 1], terms[5], _bar(market, terms, t)
        for i in range(LANES):
            strength = row[first[i]]
            _account(s, i, 1.0 if strength < low[i] else (short if strength > high[i] else s[HELD + i]), bar)


@_compiled
def _z_reversion(features, first, second, low, high, market, terms, begin, end, s):
    for t in range(begin, end):
        row, short, bar = features[t - 1], terms[5], _bar(market, terms, t)
        for i in range(LANES):
            score, held = row[first[i]], s[HELD + i]
            home = ((held > 0.0) & (score >= -low[i])) | ((held < 0.0) & (score <= low[i]))
            inside = 0.0 if home else held
            _account(s, i, 1.0 if score < -high[i] else (short if score > high[i] else inside), bar)


ADVANCE = {"ma_cross": _ma_cross, "donchian": _donchian, "rsi_bands": _rsi_bands, "z_reversion": _z_reversion}


def _opened(terms: Terms) -> F64:
    state = np.zeros(11 * LANES)
    for part in (CASH, VALUE, PEAK, WORST, WORST_PEAK):
        state[part : part + LANES] = terms.initial_usd
    return state


def _figures(state: F64, returns: int) -> F64:
    """(LANES, 5) FIGURES of a block."""
    part = {name: state[at : at + LANES] for name, at in (("mean", MEAN), ("squares", SQUARES), ("worst", WORST))}
    spread = np.sqrt(part["squares"] / (returns - 1)) if returns > 1 else np.zeros(LANES)
    known = spread > DISPERSION_FLOOR
    sharpe = np.divide(part["mean"], spread, out=np.full(LANES, math.nan), where=known)
    drawdown = part["worst"] / state[WORST_PEAK : WORST_PEAK + LANES] - 1.0
    turnover, orders = state[TURNOVER : TURNOVER + LANES], state[ORDERS : ORDERS + LANES]
    return np.column_stack([state[VALUE : VALUE + LANES], sharpe, drawdown, turnover, orders])


def _block(lanes: Lanes, at: int) -> Lanes:
    """The block of lanes that begins at `at`; the last one is filled up with its own last lane."""
    taken = np.minimum(np.arange(at, at + LANES), len(lanes.first) - 1)
    return chosen(lanes, taken)


def _decided(features: F64, lanes: Lanes, market: Market) -> F64:
    """The features in rows that lie together, missing where there is no scale: nothing compares with a missing one."""
    # A column beyond the features would read foreign memory: the compiled loop does not look.
    for column in (lanes.first, lanes.second):
        assert column.size == 0 or 0 <= column.min() <= column.max() < features.shape[1], "no such column of features"
    unknown = np.isnan(market.scale)
    return np.ascontiguousarray(np.where(unknown[:, None], math.nan, features) if unknown.any() else features)


def _stepper(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms) -> Callable[[int, int, F64], None]:
    columns = (lanes.first.astype(np.uint64), lanes.second.astype(np.uint64), lanes.low, lanes.high)
    given, prices = tuple(float(value) for value in terms), tuple(np.ascontiguousarray(price) for price in market)
    return lambda begin, end, state: ADVANCE[rule](features, *columns, prices, given, begin, end, state)


def sweep(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms, threads: int = 1) -> F64:
    """(N, 5) FIGURES of every parameter set; features are (T, W), row t known at the close of bar t."""
    bars, out = len(market.close), np.empty((len(lanes.first), len(FIGURES)))
    features = _decided(features, lanes, market)

    def one(at: int) -> None:
        state = _opened(terms)
        _stepper(rule, features, _block(lanes, at), market, terms)(1, bars, state)
        out[at : at + LANES] = _figures(state, bars - 1)[: len(out) - at]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(0, len(out), LANES)))
    return out


def curves(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms, rows: I64) -> F64:
    """(len(rows), T) values after each bar of the chosen parameter sets."""
    bars, out = len(market.close), np.empty((len(rows), len(market.close)))
    lanes, features = chosen(lanes, rows), _decided(features, lanes, market)
    for at in range(0, len(rows), LANES):
        state = _opened(terms)
        step, taken = _stepper(rule, features, _block(lanes, at), market, terms), len(out[at : at + LANES])
        for t in range(bars):
            if t:
                step(t, t + 1, state)
            out[at : at + LANES, t] = state[VALUE : VALUE + taken]
    return out
