"""Long panels to matrices and back. A long panel is sorted by (symbol, ts_event); a matrix is bars x symbols."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.typing import DataFrameGroupBy

KEYS = ["ts_event", "ts_avail", "symbol"]


def by_symbol(panel: pd.DataFrame) -> "DataFrameGroupBy[Any, Any]":
    """Group a panel by symbol in its own order: the frame of reference of every time-series feature."""
    return panel.groupby("symbol", sort=False)


@dataclass(frozen=True)
class Grid:
    """Where each row of a long panel stands in a (T, S) matrix."""

    ts_event: NDArray[np.int64]
    symbols: list[str]
    row_of: NDArray[np.int64]
    column_of: NDArray[np.int64]

    def spread(self, values: pd.Series) -> NDArray[np.float64]:
        """(T, S) matrix of a column; NaN where the panel has no row."""
        matrix = np.full((len(self.ts_event), len(self.symbols)), np.nan)
        matrix[self.row_of, self.column_of] = values.to_numpy(dtype=np.float64)
        return matrix

    def gather(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """The matrix's values at the panel's rows, in the panel's order."""
        return matrix[self.row_of, self.column_of]


def grid(panel: pd.DataFrame) -> Grid:
    """The grid of a panel: all its stamps ascending x its symbols ascending."""
    stamps, row_of = np.unique(panel["ts_event"].to_numpy(), return_inverse=True)
    codes, symbols = pd.factorize(panel["symbol"], sort=True)
    return Grid(stamps, [str(symbol) for symbol in symbols], row_of.astype(np.int64), codes.astype(np.int64))


def own_bars(panel: pd.DataFrame) -> Grid:
    """Row n of the matrix holds each symbol's own n-th bar; shorter columns end in NaN. Here rolling kernels run.

    On `grid` a bar that only other venues have is a hole in the window; here it does not exist. `ts_event` is n.
    """
    codes, symbols = pd.factorize(panel["symbol"], sort=True)
    row_of = by_symbol(panel).cumcount().to_numpy().astype(np.int64)
    longest = int(row_of.max()) + 1 if len(row_of) else 0
    numbers = np.arange(longest, dtype=np.int64)
    return Grid(numbers, [str(symbol) for symbol in symbols], row_of, codes.astype(np.int64))
