"""Two panels speak about the same rows, or the step is refused: a silent inner join would lose decisions."""

import pandas as pd

from modules.errors import CwsError

_ROW = ["ts_event", "symbol"]


def same_rows(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Whether both have the same (ts_event, symbol) rows in the same order."""
    return left[_ROW].equals(right[_ROW])


def require_same_rows(left: pd.DataFrame, right: pd.DataFrame, names: str) -> None:
    """Raises CWS-SIZE-001 when the two panels do not have exactly the same rows; `names` says which two."""
    if not same_rows(left, right):
        raise CwsError(
            "CWS-SIZE-001",
            what=f"{len(left)} and {len(right)} rows with different keys",
            where=names,
            fix="both must have one row per bar, sorted by (symbol, ts_event)",
        )
