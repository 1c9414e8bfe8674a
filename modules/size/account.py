"""The account's value at the bars that need it. A module that reads it depends on the account and runs only live."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.errors import CwsError


def equity_at(equity: pd.DataFrame, rows: pd.DataFrame, needed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`equity_usd` at each row's stamp, NaN where it is not `needed`.

    Raises CWS-SIZE-002 when a needed value is missing, infinite, or not positive.
    """
    # A stamp with two values has no value.
    single = equity[~equity["ts_event"].duplicated(keep=False)]
    value = single.set_index("ts_event")["equity_usd"].reindex(rows["ts_event"]).to_numpy(dtype=np.float64)
    bad = needed & ~(np.isfinite(value) & (value > 0.0))
    if bad.any():
        place = int(np.argmax(bad))
        raise CwsError(
            "CWS-SIZE-002",
            what=f"account value {value[place]} at a decision bar is no positive number",
            where=f"equity, ts_event {rows['ts_event'].iloc[place]}",
            fix="give the account's value at every decision bar",
        )
    return np.where(needed, value, np.nan)
