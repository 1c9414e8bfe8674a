"""Sells on the wire are of what is held, or marked short (Regulation SHO, 17 CFR 242.200(g)); one order may be both.

Held is what the orders before it over the same wire add up to: what filled on paper is nothing that risk can see.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.execute.order_side import SELL, signs

SELL_SHORT = "sell_short"


def held_before(due: pd.DataFrame, wire_qty: NDArray[np.int64]) -> NDArray[np.int64]:
    """Units of the wire held before each order, by symbol, in the order of the rows."""
    signed = pd.Series(signs(due["side"]) * wire_qty, index=due.index)
    return (signed.groupby(due["symbol"]).cumsum() - signed).to_numpy(dtype=np.int64)


def marked(due: pd.DataFrame, wire_qty: NDArray[np.int64]) -> pd.DataFrame:
    """The rows with `wire_qty`, a sell beyond what is held as two: the rest of it stands behind it as `sell_short`."""
    sells = (due["side"] == SELL).to_numpy()
    long = np.where(sells, np.clip(held_before(due, wire_qty), 0, wire_qty), wire_qty)
    whole = due.assign(wire_qty=long, place=np.arange(len(due)))
    short = whole.assign(wire_qty=wire_qty - long, side=pd.Series(SELL_SHORT, index=due.index, dtype="str"))
    both = pd.concat([whole, short]).sort_values("place", kind="stable", ignore_index=True)
    return both[both["wire_qty"] > 0].drop(columns="place").reset_index(drop=True)


def order_sides(side: pd.Series) -> pd.Series:
    """`sell_short` as the order's own word."""
    return side.where(side != SELL_SHORT, SELL)
