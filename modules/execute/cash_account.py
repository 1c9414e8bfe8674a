"""One cash account over the bars of a panel: each fill pays its value and then its commission."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.ordered import F64


def _per_bar(row: NDArray[np.int64], amounts: F64, bars: int) -> F64:
    # bincount adds one by one in the order given; without any fill it would count in integers.
    return np.bincount(row, weights=amounts, minlength=bars).astype(np.float64)


def book(
    ts_event: NDArray[np.int64], row: NDArray[np.int64], paid: F64, commission: F64, value: F64, initial_cash: float
) -> pd.DataFrame:
    """BOOK rows for T stamps.

    `row` says at which stamp (ascending) each fill counts, `paid` is its signed value; `value` (T, S) are the positions
    after each bar. Sums go left to right: fills in their order, positions by symbol; equity = cash + positions.
    """
    bars = len(ts_event)
    flows = np.concatenate([[initial_cash], np.column_stack([-paid, -commission]).ravel()])
    cash = np.cumsum(flows)[2 * np.searchsorted(row, np.arange(bars), side="right")]
    held = np.cumsum(np.hstack([np.zeros((bars, 1)), value]), axis=1)[:, -1]
    return pd.DataFrame(
        {
            "ts_event": ts_event,
            "equity_usd": cash + held,
            "cash_usd": cash,
            "cost_usd": _per_bar(row, commission, bars),
            "turnover_usd": _per_bar(row, np.abs(paid), bars),
        }
    )
