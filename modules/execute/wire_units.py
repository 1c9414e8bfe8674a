"""What the wire can say: whole units below 2^32, prices in whole 1e-4 of the currency below its code for `market`.

OUCH 4.2 carries prices as price(4) with 200,000.0000 for a market order, and fewer than 1,000,000 shares an order.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.ordered import F64

WIRE_PRICE = 100_000  # one 1e-4 of the currency, in units of 1e-9
MAX_WIRE_PRICE = 199_999_990_000_000  # 199,999.99
MAX_WIRE_QTY = 4_000_000_000
MAX_CHILD_QTY = 999_999
MOST_PARENTS = 4_096  # that the gateway's hot thread works at a time


def unit_sizes(lot_size: F64) -> F64:
    """Units of the instrument in one unit of the wire: one where a lot is a whole number of them, else the lot."""
    return np.where((lot_size >= 1.0) & (lot_size == np.rint(lot_size)), 1.0, lot_size)


def units_per_lot(lot_size: F64) -> NDArray[np.int64]:
    """Units of the wire in a lot."""
    return np.rint(lot_size / unit_sizes(lot_size)).astype(np.int64)


def on_tick(price: F64, tick: NDArray[np.int64]) -> NDArray[np.int64]:
    """The nearest tick, a half upward, in units of 1e-9; 0 for no price, one above what the wire says, or no tick."""
    known = (price > 0.0) & (price * 1e9 <= MAX_WIRE_PRICE) & (tick > 0)
    units = np.rint(np.where(known, price, 0.0) * 1e9).astype(np.int64)
    step = np.where(tick > 0, tick, 1)
    return np.where(known, np.maximum((units + step // 2) // step, 1) * step, 0)


def ticks(instruments: pd.DataFrame, symbols: pd.Series) -> NDArray[np.int64]:
    """Tick of each symbol in units of 1e-9; 0 where it is no whole number of the wire's 1e-4."""
    known_once = instruments.drop_duplicates("symbol").set_index("symbol")["tick_size"]
    tick_size = known_once.reindex(symbols).to_numpy(dtype=np.float64)
    known = (tick_size > 0.0) & (tick_size * 1e9 <= MAX_WIRE_PRICE)
    units = np.rint(np.where(known, tick_size, 0.0) * 1e9).astype(np.int64)
    return np.where(units % WIRE_PRICE == 0, units, 0)


def child_qty(lot_size: F64, wanted: int) -> NDArray[np.int64]:
    """Largest child order that is whole lots and at most `wanted` units of the wire, or one lot where that is more."""
    lot = units_per_lot(lot_size)
    return np.maximum(wanted // lot, 1) * lot
