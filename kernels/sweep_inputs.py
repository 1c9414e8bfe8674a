"""What every version of the sweep takes and gives: the market of one symbol, the terms of its accounts, the figures."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# The columns of a sweep's result, one row a parameter set.
FIGURES = ("final_usd", "sharpe_per_bar", "max_drawdown", "turnover_usd", "order_count")
# A return is a ratio near one, less one, so it carries about 2e-16 of rounding: a smaller deviation is no dispersion.
DISPERSION_FLOOR = 1e-14


class Market(NamedTuple):
    """One symbol's own bars, each (T,): no missing price, all positive and finite.

    `fill` is the price at which orders of the bar before are filled; `scale` is the share of the account's value that
    a position opened on this bar's decision takes (1.0 is all of it; missing: no decision at this bar).
    """

    close: F64
    fill: F64
    scale: F64


class Terms(NamedTuple):
    """Of all accounts: costs as shares of the traded value, borrow a bar of what is short; a sell signal's side."""

    initial_usd: float
    fee: float
    half_spread: float
    slippage: float
    borrow_per_bar: float
    short_side: float


class Lanes(NamedTuple):
    """Parameter sets, each (N,): two columns of the features, and two levels; a family says which of them it uses."""

    first: I64
    second: I64
    low: F64
    high: F64


def chosen(lanes: Lanes, rows: I64) -> Lanes:
    """The parameter sets of some rows."""
    return Lanes(lanes.first[rows], lanes.second[rows], lanes.low[rows], lanes.high[rows])
