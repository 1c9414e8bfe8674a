"""A module that does nothing: what a run of it costs is what the contract costs."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from modules.contract import ModuleSettings, module
from modules.tables import SIGNAL, sort_columns

ROWS, SYMBOLS = 100_000, 100
_TEXT = pa.Check.str_length(1, 256)
COLUMNS = {
    **{name: SIGNAL.columns[name] for name in ("ts_event", "ts_avail", "symbol")},
    **{name: pa.Column("float64", nullable=True) for name in ("open", "close", "volume")},
    "source": pa.Column("str", _TEXT),
    "row": pa.Column("int64", pa.Check.ge(0)),
}
# Eight columns, two of them text: the mix of the house's own tables.
EIGHT = pa.DataFrameSchema(dict(COLUMNS), name="eight", strict=True, ordered=True)


class Settings(ModuleSettings):
    """Nothing to set."""


def example(rng: np.random.Generator) -> pd.DataFrame:
    """100,000 rows, sorted by symbol and stamp."""
    bars = ROWS // SYMBOLS
    stamps = np.tile(np.arange(bars, dtype=np.int64) * 86_400_000_000_000, SYMBOLS)
    text = {"symbol": np.repeat([f"S{n:03d}.XNYS" for n in range(SYMBOLS)], bars), "source": ["vendor"] * ROWS}
    reals = {name: rng.uniform(1.0, 2.0, ROWS) for name in ("open", "close", "volume")}
    frame = pd.DataFrame({"ts_event": stamps, "ts_avail": stamps, **text, **reals, "row": np.arange(ROWS)})
    return frame.astype({"symbol": "str", "source": "str"})[list(COLUMNS)]


@module(takes=EIGHT, gives=EIGHT, settings=Settings, example=example)
def identity(eight: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The same rows."""
    return eight


@identity.accept
def same_row_count(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Every row that came in goes out."""
    return len(before) == len(after)


@identity.accept
def rows_are_in_order(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The declared order: what canonical bytes presuppose."""
    symbol, stamp = (after[name] for name in sort_columns("eight"))
    same = symbol.iloc[1:].eq(symbol.iloc[:-1].set_axis(symbol.index[1:]))
    return symbol.is_monotonic_increasing and bool((np.diff(stamp.to_numpy()) >= 0)[same].all())
