"""The instruments of a dataset: what its TOML says of all of them, valid always until a security master narrows it."""

import pandas as pd

from cws.strategies import Dataset
from modules.instruments import FOREVER_NS
from modules.tables import INSTRUMENTS
from modules.values import Table, make_table


def instruments_table(dataset: Dataset, raw_bars: pd.DataFrame) -> Table:
    """INSTRUMENTS rows for every symbol of the source.

    The sources of the spine carry no listing dates, so validity is open on both sides: a security master narrows it.
    """
    symbols = sorted({str(symbol) for symbol in raw_bars["symbol"]})
    count, chosen = len(symbols), dataset.instruments
    columns: dict[str, object] = {
        "symbol": pd.Series(symbols, dtype="str"),
        "mic": pd.Series([symbol.rsplit(".", 1)[-1] for symbol in symbols], dtype="str"),
        "currency": pd.Series([chosen.currency] * count, dtype="str"),
        "calendar": pd.Series([chosen.calendar] * count, dtype="str"),
        "lot_size": pd.Series([chosen.lot_size] * count, dtype="float64"),
        "tick_size": pd.Series([chosen.tick_size] * count, dtype="float64"),
        "valid_from_ns": pd.Series([0] * count, dtype="int64"),
        "valid_to_ns": pd.Series([FOREVER_NS] * count, dtype="int64"),
    }
    return make_table(pd.DataFrame(columns), INSTRUMENTS, dataset.name)
