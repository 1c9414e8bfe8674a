"""The panel engine, written to be read: target weights filled at the next bar, long and short, in one cash account.

The order of operations is the semantics, and a faster engine must give the same bytes: symbols left to right, each
fill paid before the next one, holdings summed left to right and then added to cash.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
CostFunction = Callable[[F64, F64], F64]


class UnusableBarError(ValueError):
    """The account cannot go on at (bar, column): an unusable price or weight, or no equity left (column is -1)."""

    def __init__(self, reason: Literal["price", "weight", "ruin"], bar: int, column: int, value: float) -> None:
        self.reason, self.bar, self.column, self.value = reason, bar, column, value
        super().__init__(reason, bar, column, value)


@dataclass(frozen=True)
class PanelRun:
    """The account after each bar, (T,), and the positions, (T, S); `filled` is signed, 0.0 where nothing traded."""

    equity_usd: F64
    cash_usd: F64
    cost_usd: F64
    turnover_usd: F64
    quantity: F64
    mark: F64
    filled: F64


def _need(reason: Literal["price", "weight"], wanted: Mask, usable: Mask, values: F64, bar: int) -> None:
    wrong = wanted & ~usable
    if wrong.any():
        column = int(np.argmax(wrong))
        raise UnusableBarError(reason, bar, column, float(values[column]))


def _is_price(values: F64) -> Mask:
    return (values > 0.0) & (values < math.inf)


def _orders(weight: F64, close: F64, quantity: F64, equity_usd: float, bar: int) -> F64:
    """Quantities to trade at the next bar; 0.0 where nothing is decided or the symbol has no bar to be sized with."""
    decided = ~np.isnan(weight) & ~np.isnan(close)
    _need("weight", decided, np.isfinite(weight), weight, bar)
    _need("price", decided, _is_price(close), close, bar)
    order = np.zeros_like(weight)
    order[decided] = weight[decided] * equity_usd / close[decided] - quantity[decided]
    return order


def _settle(cash_usd: float, values: F64, costs: F64) -> tuple[float, float, float]:
    """(cash, costs, turnover) after the fills are paid one by one: first the value, then its cost."""
    spent = turnover = 0.0
    for value, cost in zip(values.tolist(), costs.tolist(), strict=True):
        cash_usd = cash_usd - value - cost
        spent, turnover = spent + cost, turnover + abs(value)
    return cash_usd, spent, turnover


def _value(quantity: F64, mark: F64, bar: int) -> float:
    held = quantity != 0.0
    _need("price", held, _is_price(mark), mark, bar)
    total = 0.0
    for value in (quantity[held] * mark[held]).tolist():
        total = total + value
    return total


def run_panel(weights: F64, close: F64, fill_price: F64, initial_cash_usd: float, cost: CostFunction) -> PanelRun:
    """Run the account over T bars of S symbols.

    weights, close, fill_price: (T, S); a NaN weight holds, a NaN price means no bar. The decision of bar t is sized
    with equity and close of t and filled at `fill_price` of t + 1; it lapses when there is none, so the last bar's is
    never filled. Cash may go negative, at no interest. cost(quantity, price) -> cost of each fill.
    Raises UnusableBarError for prices and weights that a trade or a mark needs, and when equity is not positive.
    """
    bars, symbols = close.shape
    run = PanelRun(*(np.zeros(bars) for _ in range(4)), *(np.zeros((bars, symbols)) for _ in range(3)))
    cash, quantity, order, mark = initial_cash_usd, np.zeros(symbols), np.zeros(symbols), np.full(symbols, np.nan)
    for t in range(bars):
        due = (order != 0.0) & ~np.isnan(fill_price[t])
        _need("price", due, _is_price(fill_price[t]), fill_price[t], t)
        if due.any():
            filled, price = order[due], fill_price[t, due]
            cash, run.cost_usd[t], run.turnover_usd[t] = _settle(cash, filled * price, cost(filled, price))
            quantity[due] += filled
            run.filled[t, due] = filled
        mark = np.where(np.isnan(close[t]), mark, close[t])
        equity = cash + _value(quantity, mark, t)
        if not 0.0 < equity < math.inf:
            raise UnusableBarError("ruin", t, -1, equity)
        run.equity_usd[t], run.cash_usd[t], run.quantity[t], run.mark[t] = equity, cash, quantity, mark
        order = _orders(weights[t], close[t], quantity, equity, t)
    return run
