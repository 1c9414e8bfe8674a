import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from lakes import SPECS, make_bars

from cws.lake.frames import checked_arrow
from cws.lake.tables import TableSpec
from modules.errors import CwsError

BARS = make_bars(9)


def swap(frame: pd.DataFrame, first: int, second: int) -> pd.DataFrame:
    rows = list(range(len(frame)))
    rows[first], rows[second] = rows[second], rows[first]
    return frame.iloc[rows]


@pytest.mark.parametrize(
    ("code", "frame"),
    [
        ("CWS-LAKE-003", BARS.drop(columns="close")),
        ("CWS-LAKE-003", BARS.assign(extra=1)),
        ("CWS-LAKE-003", BARS[["ts_event", "symbol", "ts_avail", "close", "halted", "note"]]),
        ("CWS-LAKE-003", pd.concat([BARS, BARS[["close"]]], axis=1)),
        ("CWS-LAKE-004", BARS.assign(close=BARS["close"].astype("float32"))),
        ("CWS-LAKE-004", BARS.assign(ts_event=BARS["ts_event"].astype("float64"))),
        ("CWS-LAKE-004", BARS.assign(ts_event=pd.to_datetime(BARS["ts_event"]))),
        ("CWS-LAKE-004", BARS.assign(symbol=BARS["symbol"].astype("object"))),
        ("CWS-LAKE-004", BARS.assign(halted=BARS["halted"].astype("int64"))),
        ("CWS-LAKE-005", BARS.assign(symbol=BARS["symbol"].where(BARS.index != 4))),
        ("CWS-LAKE-006", swap(BARS, 0, 1)),
        ("CWS-LAKE-006", swap(BARS, 7, 8)),
        ("CWS-LAKE-006", swap(BARS, 2, 3)),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(code: str, frame: pd.DataFrame) -> None:
    with pytest.raises(CwsError) as refused:
        checked_arrow(frame, SPECS["bars"])
    assert refused.value.code == code
    assert "bars" in refused.value.where


def test_the_unsorted_row_is_named() -> None:
    with pytest.raises(CwsError, match="row 8 sorts before its predecessor by ts_event"):
        checked_arrow(swap(BARS, 7, 8), SPECS["bars"])


def test_equal_keys_and_an_unusual_index_are_in_order() -> None:
    doubled = pd.concat([BARS.iloc[:1], BARS])
    assert checked_arrow(doubled, SPECS["bars"]).num_rows == 10


def test_a_later_column_orders_only_where_the_earlier_are_equal() -> None:
    schema = pa.schema([pa.field(name, pa.int64(), nullable=False) for name in "abc"])
    spec = TableSpec("three", schema, ("a", "b", "c"), "")
    in_order = pd.DataFrame({"a": [1, 1, 2, 2, 3], "b": [5, 6, 4, 4, 4], "c": [9, 8, 2, 3, 1]})
    assert checked_arrow(in_order, spec).num_rows == 5
    for name, row in {"a": 4, "b": 1, "c": 3}.items():
        broken = in_order.copy()
        broken.loc[row, name] = 0
        with pytest.raises(CwsError, match=f"row {row} sorts before its predecessor by {name}"):
            checked_arrow(broken, spec)


def test_nan_stays_nan_and_missing_text_stays_missing() -> None:
    table = checked_arrow(BARS, SPECS["bars"])
    assert table.schema == SPECS["bars"].schema
    assert table.column("close").null_count == 0
    assert np.isnan(table.column("close").to_numpy()).sum() == 1
    assert table.column("note").null_count == 4


@pytest.mark.parametrize("rows", [0, 1])
def test_no_row_and_one_row_are_frames_too(rows: int) -> None:
    assert checked_arrow(make_bars(rows), SPECS["bars"]).num_rows == rows
