"""Many parameter sets of one rule on one symbol, each an account of its own: the operation order is the semantics.

Per bar and set: decide on the row of features of the bar before, fill at this bar, pay the borrow, mark at the close.
A decision is a side: 1.0 long, `short_side`, 0.0 flat; an order exists only where the side changes, closes what is
held and opens the new side with `scale` of the cash, so a reversal is one order. An account whose value is not
positive at a close is ruined: it is worth 0.0 from there and orders nothing. Features that are missing decide nothing.
"""

import math
from collections.abc import Callable

import numpy as np

from kernels.sweep_inputs import DISPERSION_FLOOR, F64, FIGURES, I64, Lanes, Market, Terms, chosen

Row = list[float]
# (row of features, close of that bar, (first, second, low, high) of the set, side held, short side) -> side wanted
Decide = Callable[[Row, float, tuple[int, int, float, float], float, float], float]


def _ma_cross(row: Row, close: float, lane: tuple[int, int, float, float], held: float, short: float) -> float:
    fast, slow = row[lane[0]], row[lane[1]]
    return 1.0 if fast > slow else short if fast < slow else held


def _donchian(row: Row, close: float, lane: tuple[int, int, float, float], held: float, short: float) -> float:
    return 1.0 if close > row[lane[0]] else short if close < row[lane[1]] else held


def _rsi_bands(row: Row, close: float, lane: tuple[int, int, float, float], held: float, short: float) -> float:
    strength = row[lane[0]]
    return 1.0 if strength < lane[2] else short if strength > lane[3] else held


def _z_reversion(row: Row, close: float, lane: tuple[int, int, float, float], held: float, short: float) -> float:
    score, leave, enter = row[lane[0]], lane[2], lane[3]
    if score < -enter:
        return 1.0
    if score > enter:
        return short
    home = (held > 0.0 and score >= -leave) or (held < 0.0 and score <= leave)
    return 0.0 if home else held


class _Account:
    """One parameter set's account; `close` is the first bar's, at which nothing can be held yet."""

    def __init__(self, terms: Terms) -> None:
        self.terms, self.returns = terms, 0
        self.cash = self.value = self.peak = self.worst = self.worst_peak = terms.initial_usd
        self.units = self.held = self.mean = self.squares = self.turnover = self.orders = 0.0

    def fill(self, want: float, price: float, scale: float) -> None:
        """Change the side at `price`: what is held is sold or bought back and paid for, then the new side opened."""
        if want == self.held or not self.value > 0.0:
            return
        impact, fee = self.terms.half_spread + self.terms.slippage, self.terms.fee
        buy, sell = price * (1.0 + impact), price * (1.0 - impact)
        closed = self.units * (sell if self.units > 0.0 else buy)
        cash = self.cash + closed - abs(closed) * fee
        entry, sign = (buy, 1.0) if want > 0.0 else (sell, -1.0)
        units_per_usd = sign * (scale / (entry * (1.0 + fee))) if want != 0.0 else 0.0
        self.units = (cash if cash > 0.0 else 0.0) * units_per_usd
        opened = self.units * entry
        self.cash = cash - opened - abs(opened) * fee
        self.turnover = self.turnover + (abs(closed) + abs(opened))
        self.orders = self.orders + 1.0
        self.held = want

    def mark(self, close: float) -> None:
        """Pay the borrow, value at `close`, and take the value into drawdown and into Welford's mean and squares."""
        worth = self.units * close
        self.cash = self.cash - (-worth if worth < 0.0 else 0.0) * self.terms.borrow_per_bar
        value, before = self.cash + worth, self.value
        if not value > 0.0:
            value = self.cash = self.units = self.held = 0.0
        self.peak = value if value > self.peak else self.peak
        # value / peak is below worst / worst_peak, without a division.
        if value * self.worst_peak < self.worst * self.peak:
            self.worst, self.worst_peak = value, self.peak
        self.returns = self.returns + 1
        gain = value / before - 1.0 if before > 0.0 else 0.0
        gap = gain - self.mean
        self.mean = self.mean + gap * (1.0 / self.returns)
        self.squares = self.squares + gap * (gain - self.mean)
        self.value = value

    def figures(self) -> tuple[float, ...]:
        """In the order of FIGURES; the Sharpe ratio is missing below two returns and without dispersion."""
        spread = math.sqrt(self.squares / (self.returns - 1)) if self.returns > 1 else 0.0
        sharpe = self.mean / spread if spread > DISPERSION_FLOOR else math.nan
        return self.value, sharpe, self.worst / self.worst_peak - 1.0, self.turnover, self.orders


def _run(decide: Decide, features: F64, lanes: Lanes, market: Market, terms: Terms) -> tuple[F64, F64]:
    rows, close, fill, scale = features.tolist(), market.close.tolist(), market.fill.tolist(), market.scale.tolist()
    figures, curves = np.empty((len(lanes.first), len(FIGURES))), np.empty((len(lanes.first), len(close)))
    for n, lane in enumerate(zip(*(column.tolist() for column in lanes), strict=True)):
        account = _Account(terms)
        curves[n, :1] = terms.initial_usd
        for t in range(1, len(close)):
            # Without a scale there is no decision; a side is never opened with a share that is not known.
            known = scale[t - 1] == scale[t - 1]
            want = decide(rows[t - 1], close[t - 1], lane, account.held, terms.short_side) if known else account.held
            account.fill(want, fill[t], scale[t - 1])
            account.mark(close[t])
            curves[n, t] = account.value
        figures[n] = account.figures()
    return figures, curves


DECIDE: dict[str, Decide] = {
    "ma_cross": _ma_cross,
    "donchian": _donchian,
    "rsi_bands": _rsi_bands,
    "z_reversion": _z_reversion,
}


def sweep(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms) -> F64:
    """(N, 5) FIGURES of every parameter set; features are (T, W), row t known at the close of bar t."""
    return _run(DECIDE[rule], features, lanes, market, terms)[0]


def curves(rule: str, features: F64, lanes: Lanes, market: Market, terms: Terms, rows: I64) -> F64:
    """(len(rows), T) values after each bar of the chosen parameter sets."""
    return _run(DECIDE[rule], features, chosen(lanes, rows), market, terms)[1]
