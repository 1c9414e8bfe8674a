"""Tables are validated row by row before they are hashed, and say where they are wrong."""

import numpy as np
import pandas as pd
import pytest
from blake3 import blake3

from modules.canonical import content_hash
from modules.errors import CwsError
from modules.examples import bars_example
from modules.tables import BARS, ORDERS, SORT, sort_columns
from modules.values import Table, checked, make_table, raw_bytes


@pytest.fixture
def bars() -> pd.DataFrame:
    return bars_example(np.random.default_rng(1), 40)


def test_a_good_table_carries_its_hash_rows_and_schema(bars: pd.DataFrame) -> None:
    made = make_table(bars, BARS, "here")
    assert (made.hash, made.rows, made.schema) == (content_hash(bars), len(bars), "bars")
    with pytest.raises(AttributeError):
        made.hash = "b3:other"  # type: ignore[misc]


def wrong_frames(bars: pd.DataFrame) -> dict[str, pd.DataFrame]:
    last = len(bars) - 1
    nameless = bars["symbol"].copy()
    nameless.iloc[last] = ""
    long = bars["symbol"].copy()
    long.iloc[last] = "x" * 257
    early = bars["ts_event"].copy()
    early.iloc[last] = -1
    return {
        "missing": bars.drop(columns="close"),
        "extra": bars.assign(more=1.0),
        "order": bars[bars.columns[::-1]],
        "type": bars.assign(close=bars["close"].astype("float32")),
        "text": bars.assign(close=bars["close"].astype("str")),
        "whole": bars.assign(volume=bars["volume"].astype("int64")),
        "hole in a key": bars.assign(ts_event=bars["ts_event"].astype("float64")),
        "nameless last row": bars.assign(symbol=nameless),
        "endless name": bars.assign(symbol=long),
        "before 1970": bars.assign(ts_event=early),
    }


@pytest.mark.parametrize("what", list(wrong_frames(bars_example(np.random.default_rng(1), 40))))
def test_every_row_and_column_is_held_to_the_schema(bars: pd.DataFrame, what: str) -> None:
    with pytest.raises(CwsError, match="CWS-TABLE-001") as refusal:
        checked(wrong_frames(bars)[what], BARS, "the feed")
    assert refusal.value.where == "the feed, table bars"


def test_a_hole_in_a_price_is_allowed_and_an_order_of_nothing_is_not(bars: pd.DataFrame) -> None:
    assert make_table(bars.assign(open=np.nan), BARS, "here").rows == len(bars)
    text = {
        name: pd.Series(["x"], dtype="str") for name in ("symbol", "cl_ord_id", "side", "ord_type", "time_in_force")
    }
    order = pd.DataFrame({"ts_event": [1], **text, "order_qty": [0], "reference_price": [1.0]})[list(ORDERS.columns)]
    with pytest.raises(CwsError, match="order_qty"):
        checked(order, ORDERS, "here")
    assert checked(order.assign(order_qty=1), ORDERS, "here").shape == (1, len(ORDERS.columns))


def test_raw_bytes_are_hashed_as_they_came() -> None:
    assert raw_bytes(b"x\r\n").hash == "b3:" + blake3(b"x\r\n").hexdigest() != raw_bytes(b"x\n").hash
    assert raw_bytes(b"").rows == 0


def test_every_table_has_a_declared_order() -> None:
    assert sort_columns("bars") == ("symbol", "ts_event") and sort_columns("orders") == SORT["orders"]
    assert set(sort_columns("orders")) <= set(ORDERS.columns)


def test_a_table_is_only_made_by_validation_in_the_product() -> None:
    table = Table(pd.DataFrame({"x": [1]}), "b3:claimed", "bars")
    assert table.hash != content_hash(table.frame), (
        "a hand-made one proves nothing, so the runner checks foreign schemas again"
    )
