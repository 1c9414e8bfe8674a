"""Prices in files and on the wire are int64 in units of 1e-9 (the DBN convention)."""

import numpy as np
from numpy.typing import NDArray

from modules.errors import CwsError

UNITS = 1e9
MAX_PRICE = 9e9  # 2^63 units are a little more


def to_fixed(price: NDArray[np.float64]) -> NDArray[np.int64]:
    """Nearest unit, ties to even.

    Raises CWS-EXECUTE-002 for a price that no fill can have: missing, not positive in units, or above 9e9.
    """
    units = np.rint(price * UNITS)
    bad = ~((units >= 1.0) & (price <= MAX_PRICE))
    if bad.any():
        what = f"price {price[bad][0]} cannot be a fill's price"
        raise CwsError(
            "CWS-EXECUTE-002", what=what, where="fill price", fix="clean the bars: prices are positive and below 9e9"
        )
    return units.astype(np.int64)


def from_fixed(units: NDArray[np.int64]) -> NDArray[np.float64]:
    """The price as float64."""
    return units / UNITS
