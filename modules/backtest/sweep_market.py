"""One symbol's bars as the sweep's market: what is traded, at which price, and how much of the account a side takes."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.ordered import ewma
from kernels.sweep_inputs import Market
from modules.errors import CwsError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def _need_prices(close: F64, fill: F64, symbol: str, stamps: I64) -> None:
    wrong = ~((close > 0.0) & (close < np.inf) & (fill > 0.0) & (fill < np.inf))
    if wrong.any():
        bar = int(np.argmax(wrong))
        raise CwsError(
            "CWS-BACKTEST-020", what=f"a sweep needs positive, finite prices, got close {close[bar]}, fill {fill[bar]}",
            where=f"bars, {symbol} at ts_event {stamps[bar]}", fix="refuse the bar in clean, or repair its source",
        )  # fmt: skip


def volatility_scale(close: F64, target: float, weight: float, most: float) -> F64:
    """(T,) min(target / EWMA deviation of the returns so far, most); missing before the first move."""
    change = np.concatenate([[np.nan], close[1:] / close[:-1] - 1.0])[: len(close)]
    deviation = np.sqrt(ewma(change * change, weight))
    # Nothing has moved yet: no risk can be known, and all of it would be bought.
    deviation[~(deviation > 0.0)] = np.nan
    return np.minimum(target / deviation, most)


def markets(bars: pd.DataFrame, fill_on: Literal["open", "close"]) -> Iterator[tuple[str, I64, Market]]:
    """(symbol, stamps, market with all of the account at stake) of each symbol, in order.

    A bar without close or without fill price is no bar of the symbol: it is left out.
    Raises CWS-BACKTEST-020 for a price that is not positive and finite.
    """
    for symbol, own in bars.groupby("symbol", sort=True):
        known = own[own["close"].notna() & own[fill_on].notna()]
        close, fill = (known[name].to_numpy(dtype=np.float64, copy=True) for name in ("close", fill_on))
        stamps = known["ts_event"].to_numpy()
        _need_prices(close, fill, str(symbol), stamps)
        yield str(symbol), stamps, Market(close, fill, np.ones(len(close)))
