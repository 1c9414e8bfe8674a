"""What the security master says about a symbol: how many units a lot has, and when the symbol may be traded."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.errors import CwsError
from modules.examples import SYMBOLS

FOREVER_NS = 4_102_444_800_000_000_000  # 2100-01-01, the open end of a validity


def lot_sizes(instruments: pd.DataFrame, symbols: Sequence[str]) -> NDArray[np.float64]:
    """Units per lot of each symbol, in the order of `symbols`.

    A symbol whose lot size changes is refused: a position counted in lots has no meaning across the change.
    Raises CWS-INSTRUMENT-001 (unknown symbol) and CWS-INSTRUMENT-002 (lot size missing, not positive, or changing).
    """
    known = instruments.drop_duplicates(["symbol", "lot_size"])
    unknown = sorted(set(symbols) - set(known["symbol"]))
    if unknown:
        raise CwsError(
            "CWS-INSTRUMENT-001",
            what=f"no instrument for {unknown[0]!r}",
            where="instruments",
            fix="list the symbol in the security master",
        )
    wrong = known["symbol"].duplicated(keep=False) | ~((known["lot_size"] > 0.0) & np.isfinite(known["lot_size"]))
    wrong &= known["symbol"].isin(list(symbols))
    if wrong.any():
        first = known[wrong].iloc[0]
        raise CwsError(
            "CWS-INSTRUMENT-002",
            what=f"lot size {first['lot_size']} of {first['symbol']!r} is not one positive number for all time",
            where="instruments",
            fix="give the symbol after the change another name",
        )
    return known.set_index("symbol")["lot_size"].reindex(list(symbols)).to_numpy(dtype=np.float64)


def lot_size_in_force(instruments: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.float64]:
    """Units per lot for each (ts_event, symbol) of `rows`; NaN where no [valid_from_ns, valid_to_ns) holds it."""
    keys = rows[["ts_event", "symbol"]].reset_index(drop=True).rename_axis("place").reset_index()
    found = keys.merge(instruments[["symbol", "lot_size", "valid_from_ns", "valid_to_ns"]], on="symbol")
    valid = (found["valid_from_ns"] <= found["ts_event"]) & (found["ts_event"] < found["valid_to_ns"])
    lots = found[valid].drop_duplicates("place").set_index("place")["lot_size"]
    return lots.reindex(range(len(rows))).to_numpy(dtype=np.float64)


def instruments_example(lot_size: float = 10.0) -> pd.DataFrame:
    """INSTRUMENTS for the symbols of `modules.examples`, valid for all time."""
    count = len(SYMBOLS)
    text = {"symbol": list(SYMBOLS), "mic": ["XNYS"] * count, "currency": ["USD"] * count, "calendar": ["XNYS"] * count}
    columns: dict[str, object] = {name: pd.Series(values, dtype="str") for name, values in text.items()}
    columns |= {"lot_size": np.full(count, lot_size), "tick_size": np.full(count, 0.01)}
    columns |= {
        "valid_from_ns": np.zeros(count, dtype=np.int64),
        "valid_to_ns": np.full(count, FOREVER_NS, dtype=np.int64),
    }
    return pd.DataFrame(columns)
