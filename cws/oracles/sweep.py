"""The oracle of the sweep: parameter sets once more, one account at a time, at the terms that the sweep declares."""

import math

import numpy as np
import pandas as pd

from cws.oracles import terms
from cws.oracles.scene import Scene

SETS_A_SYMBOL = 3
FIGURES = ("final_usd", "turnover_usd", "order_count", "max_drawdown")


def sets_are_plain_accounts(scene: Scene) -> int:
    """Figures of a few parameter sets of each symbol that are not those of a plain account at the sweep's terms."""
    seen = scene.runs["vector_sweep"]
    wrong = 0
    for symbol, sets in seen.after["sweep"].groupby("symbol"):
        bars = seen.before["bars"]
        own = bars[(bars["symbol"] == symbol) & bars["close"].notna() & bars[terms.FILL_ON].notna()]
        few = sets.iloc[:: max(1, len(sets) // SETS_A_SYMBOL)][["first", "second", *FIGURES]]
        for fast, slow, *told in few.to_numpy(dtype=np.float64).tolist():
            pairs = zip(told, _crossing(own, int(fast), int(slow)), strict=True)
            wrong += sum(not abs(found - true) <= 1e-7 * (1e-6 + abs(true)) for found, true in pairs)
    return wrong


def _crossing(bars: pd.DataFrame, fast: int, slow: int) -> tuple[float, float, float, float]:
    """FIGURES of an account that is long while the fast mean is above the slow one, short while it is below."""
    close = bars["close"]
    gap = (close.rolling(fast).mean() - close.rolling(slow).mean()).to_numpy()
    side, cash, units, turnover, orders = 0.0, terms.SWEEP_CASH_USD, 0.0, 0.0, 0
    values, slip = [cash], terms.SWEEP_SPREAD + terms.SWEEP_SLIPPAGE
    quotes = zip(gap[:-1].tolist(), bars[terms.FILL_ON].tolist()[1:], close.tolist()[1:], strict=True)
    for signal, price, mark in quotes:
        want = side if math.isnan(signal) or signal == 0.0 else math.copysign(1.0, signal)
        if want != side:
            closing = units * price * (1.0 - slip if units > 0.0 else 1.0 + slip)
            cash += closing - abs(closing) * terms.SWEEP_FEE
            entry = price * (1.0 + slip * want)
            units = want * max(cash, 0.0) / (entry * (1.0 + terms.SWEEP_FEE))
            cash -= units * entry + abs(units * entry) * terms.SWEEP_FEE
            turnover, orders, side = turnover + abs(closing) + abs(units * entry), orders + 1, want
        cash -= max(0.0, -units * mark) * terms.SWEEP_BORROW_PER_BAR
        values.append(cash + units * mark)
    worth = np.array(values)
    return values[-1], turnover, float(orders), float((worth / np.maximum.accumulate(worth) - 1.0).min())
