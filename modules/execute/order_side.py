"""The two sides of an order as signs: a position is the sum of signed fills."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.errors import CwsError

BUY, SELL = "buy", "sell"


def sides(signed: pd.Series) -> pd.Series:
    """`buy` where positive, `sell` where negative."""
    return pd.Series(np.where(signed > 0, BUY, SELL), index=signed.index, dtype="str")


def signs(side: pd.Series) -> NDArray[np.int64]:
    """+1 for a buy and -1 for a sell.

    Raises CWS-EXECUTE-001 for any other word.
    """
    unknown = ~side.isin([BUY, SELL])
    if unknown.any():
        raise CwsError(
            "CWS-EXECUTE-001", what=f"side {side[unknown].iloc[0]!r}", where="side", fix=f"write {BUY!r} or {SELL!r}"
        )
    return np.where(side == BUY, 1, -1).astype(np.int64)
