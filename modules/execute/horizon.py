"""How far back orders go over the wire: the newest stamps whose parents the gateway can hold at a time."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.execute.order_side import SELL


def within(orders: pd.DataFrame, place: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
    """The orders of the newest stamps, whole stamps only; a sell may become two parents."""
    parents = pd.Series(np.where(orders["side"] == SELL, 2, 1)).groupby(-place).sum().sort_index().cumsum()
    allowed = -parents.index[parents.to_numpy() <= most].to_numpy(dtype=np.int64)
    return np.isin(place, allowed)
