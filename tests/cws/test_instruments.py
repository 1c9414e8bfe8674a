"""The security master of a dataset: a row a symbol, its venue from its name, the rest from the TOML."""

import pandas as pd
from places import STRATEGIES

from cws.instruments import FOREVER_NS, instruments_table
from cws.strategies import catalogue


def test_a_row_a_symbol_in_order_whatever_the_source() -> None:
    dataset = catalogue(STRATEGIES).datasets["us_tech"]
    symbols = pd.Series(["MSFT.XNAS", "IBM.XNYS", "MSFT.XNAS", "BRK.B.XNYS"], dtype="str")
    frame = instruments_table(dataset, pd.DataFrame({"symbol": symbols})).frame
    assert frame["symbol"].tolist() == ["BRK.B.XNYS", "IBM.XNYS", "MSFT.XNAS"]
    assert frame["mic"].tolist() == ["XNYS", "XNYS", "XNAS"]
    assert set(frame["lot_size"]) == {1.0} and set(frame["tick_size"]) == {0.0001} and set(frame["currency"]) == {"USD"}
    assert (frame["valid_from_ns"] == 0).all() and (frame["valid_to_ns"] == FOREVER_NS).all()


def test_no_symbol_is_an_empty_table() -> None:
    dataset = catalogue(STRATEGIES).datasets["btc_usd_15m"]
    assert instruments_table(dataset, pd.DataFrame({"symbol": pd.Series([], dtype="str")})).rows == 0
