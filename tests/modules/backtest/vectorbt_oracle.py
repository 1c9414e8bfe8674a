"""vectorbt as a second opinion on the panel engine, from matrices alone.

vectorbt fills on the signal's own bar, so weights and sizing prices are shifted by one bar here. It cannot borrow:
compare only where the gross weight stays well below one, else its fills are cut and the two disagree.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def last_known(matrix: F64) -> F64:
    """(T, S): each symbol's latest value at or before the bar."""
    return pd.DataFrame(matrix).ffill().to_numpy(dtype=np.float64)


def _next_bar(matrix: F64) -> F64:
    moved = np.full_like(matrix, np.nan)
    moved[1:] = matrix[:-1]
    return moved


def vectorbt_equity(
    weights: F64, close: F64, fill_price: F64, initial_cash_usd: float, cost_bps: float
) -> tuple[F64, F64]:
    """(equity (T,), quantities held (T, S)) of vectorbt for the engine's inputs; matrices are (T, S)."""
    import vectorbt as vbt

    decided = np.where(np.isnan(close), np.nan, weights)
    marks = last_known(close)
    portfolio = vbt.Portfolio.from_orders(
        pd.DataFrame(marks),
        size=_next_bar(decided),
        size_type="targetpercent",
        direction="both",
        price=fill_price,
        val_price=_next_bar(marks),
        fees=cost_bps / 1e4,
        init_cash=initial_cash_usd,
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
    )
    held = portfolio.assets().to_numpy(dtype=np.float64)
    cash = portfolio.cash().to_numpy(dtype=np.float64).reshape(len(close))
    return cash + np.nansum(np.where(held != 0.0, held * marks, 0.0), axis=1), held
