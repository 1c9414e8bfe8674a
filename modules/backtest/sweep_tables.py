"""A sweep's figures and curves as tables: one row a symbol and parameter set, one row a bar of a chosen curve."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.sweep_inputs import FIGURES

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
# The columns of a set's parameters, in the order in which its rule names them.
PARAMETERS = ("first", "second", "third", "fourth", "fifth", "sixth")


def figures_table(symbol: str, bars: int, numbers: I64, sets: F64, figures: F64) -> pd.DataFrame:
    """One row a set of `sets` (parameters, N) with its number and FIGURES (N, 5); what a rule has not is missing."""
    count = len(figures)
    given = np.vstack([sets, np.full((len(PARAMETERS) - len(sets), count), np.nan)])
    told = dict(zip(FIGURES, figures.T, strict=True))
    told["order_count"] = told["order_count"].astype(np.int64)
    key = {"symbol": pd.Series([symbol] * count, dtype="str"), "set": numbers}
    bar_count = {"bar_count": np.full(count, bars, dtype=np.int64)}
    return pd.DataFrame({**key, **dict(zip(PARAMETERS, given, strict=True)), **bar_count, **told})


def curves_table(symbol: str, stamps: I64, sets: I64, value_usd: F64) -> pd.DataFrame:
    """One row a bar of each curve: `value_usd` is (sets, bars)."""
    key = {"set": np.repeat(sets, len(stamps)), "ts_event": np.tile(stamps, len(sets)).astype(np.int64)}
    return pd.DataFrame(
        {"symbol": pd.Series([symbol] * value_usd.size, dtype="str"), **key, "equity_usd": value_usd.ravel()}
    )


def no_curves() -> pd.DataFrame:
    """The table of no curve at all."""
    none = np.empty(0, dtype=np.int64)
    return curves_table("", none, none, np.empty((0, 0)))
