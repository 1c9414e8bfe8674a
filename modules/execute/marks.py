"""What positions are worth between trades: the last known close, which must exist where something is held."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.ordered import F64
from modules.errors import CwsError
from modules.panel import Grid


def last_known(values: F64) -> F64:
    """Each column's latest number at or before the row; NaN before the first."""
    return pd.DataFrame(values).ffill().to_numpy(dtype=np.float64)


def marked(lots: NDArray[np.int64], lot_size: F64, mark: F64, panel: Grid) -> F64:
    """Value of each position, (T, S); a position whose mark is no positive number is refused.

    Raises CWS-EXECUTE-005.
    """
    wrong = (lots != 0) & ~((mark > 0.0) & (mark < math.inf))
    if wrong.any():
        t, s = (int(place[0]) for place in np.nonzero(wrong))
        raise CwsError(
            "CWS-EXECUTE-005", what=f"{lots[t, s]} lots of {panel.symbols[s]!r} have the mark {mark[t, s]}",
            where=f"bars, ts_event {panel.ts_event[t]}", fix="give a close at or before the first fill's bar",
        )  # fmt: skip
    return np.where(lots == 0, 0.0, lots * lot_size * mark)


def settled(row: NDArray[np.int64], column: NDArray[np.int64], panel: Grid) -> NDArray[np.bool_]:
    """(T,) whether the rows know every fill, placed at (row, column): one may wait for its symbol's next row."""
    filled = np.zeros((len(panel.ts_event), len(panel.symbols)), dtype=np.bool_)
    here, number = filled.copy(), np.arange(len(panel.ts_event))[:, None]
    filled[row, column] = True
    here[panel.row_of, panel.column_of] = True
    last_fill, last_row = (np.maximum.accumulate(np.where(mask, number, -1), axis=0) for mask in (filled, here))
    return np.all(last_fill <= last_row, axis=1)
