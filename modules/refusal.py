"""Split a frame into what is kept and what is refused, with reason and record: nothing is dropped silently."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

REFUSED_COLUMNS = ("source", "row", "symbol", "reason", "record")


def _record(values: Mapping[Any, object]) -> str:
    # repr of a float is its shortest round-trip form; NaN becomes the word, for JSON has none.
    plain = {
        key: (repr(value) if isinstance(value, float) and not np.isfinite(value) else value)
        for key, value in values.items()
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str)


def refused_rows(frame: pd.DataFrame, reasons: list[str]) -> pd.DataFrame:
    """REFUSED rows for the rows of `frame` (needs source, row, symbol), one reason each."""
    records = [_record(record) for record in frame.to_dict("records")]
    columns = {
        "source": frame["source"].astype("str"),
        "row": frame["row"].astype("int64"),
        "symbol": frame["symbol"].astype("str"),
        "reason": pd.Series(reasons, index=frame.index, dtype="str"),
        "record": pd.Series(records, index=frame.index, dtype="str"),
    }
    return pd.DataFrame(columns).reset_index(drop=True)


def split(frame: pd.DataFrame, rules: dict[str, NDArray[np.bool_]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(kept, refused): a row is refused with the first reason, in the order of `rules`, whose mask is True."""
    reasons = np.full(len(frame), "", dtype=object)
    for reason, mask in rules.items():
        reasons[mask & (reasons == "")] = reason
    bad = reasons != ""
    return frame[~bad].reset_index(drop=True), refused_rows(frame[bad], [str(reason) for reason in reasons[bad]])
