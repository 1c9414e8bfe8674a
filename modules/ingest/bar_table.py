"""Records of a bar file to RAW_BARS and REFUSED: what the readers of long files (one bar a record) share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from modules.ingest.delimited import Mask, Records, locate, read_records, reals, refused_ragged, stamp_faults
from modules.ingest.symbols import UNNAMED, checked_symbol, full_symbol, is_symbol, mic_exceptions
from modules.refusal import split

PRICES = ("open", "high", "low", "close", "adj_close", "volume")


@dataclass(frozen=True)
class Layout:
    """How a vendor lays a long file out: field -> column name (empty = not carried), and where its symbols trade."""

    source: str
    delimiter: str
    columns: Mapping[str, str]
    ignored: str
    fixed_symbol: str
    mic: str
    mic_exceptions: str
    max_rows: int


def column_map(settings: object) -> dict[str, str]:
    """Field -> declared column name, from settings named `column_<field>`."""
    return {field: getattr(settings, f"column_{field}", "") for field in ("symbol", "stamp", *PRICES)}


def names(listing: str) -> list[str]:
    """The names of a comma-separated listing."""
    return [name.strip() for name in listing.split(",") if name.strip()]


def bar_table(
    text: str, layout: Layout, stamp_rules: Callable[[Sequence[str]], Mapping[str, Mask]] = stamp_faults
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(RAW_BARS, REFUSED) in file order; every record of `text` stands in exactly one of them."""
    records = read_records(text, layout.delimiter, layout.max_rows)
    at = locate(records.header, layout.columns, names(layout.ignored))
    fixed = [] if "symbol" in at else [checked_symbol(layout.fixed_symbol, "settings, fixed_symbol")] * len(records.row)
    symbols = [text.strip() for text in records.column(at["symbol"])] if "symbol" in at else fixed
    stamps = records.column(at["stamp"])
    values = {field: reals(records.column(at[field]), layout.columns[field]) for field in PRICES if field in at}
    rules: dict[str, Mask] = {"bad_symbol": np.array([not is_symbol(symbol) for symbol in symbols], dtype=np.bool_)}
    rules |= stamp_rules(stamps)
    rules |= {f"unparsable_{field}": bad for field, (_, bad) in values.items()}
    kept, refused = split(_text_frame(records, layout, symbols), rules)
    rows = np.isin(np.array(records.row), kept["row"].to_numpy())
    holes = np.full(len(records.row), np.nan)
    prices = {field: values[field][0][rows] if field in values else holes[rows] for field in PRICES}
    stamp = pd.Series(stamps, dtype="str")[rows].reset_index(drop=True)
    bars = kept[["source", "row", "symbol"]].assign(stamp=stamp, **prices)
    ragged = refused_ragged(records, layout.source, [UNNAMED])
    return bars, pd.concat([refused, ragged], ignore_index=True).sort_values("row", ignore_index=True)


def _text_frame(records: Records, layout: Layout, symbols: Sequence[str]) -> pd.DataFrame:
    """The records as text under the vendor's own column names, keyed as `refused` needs it."""
    exceptions = mic_exceptions(layout.mic_exceptions)
    full = [full_symbol(symbol, layout.mic, exceptions) if is_symbol(symbol) else UNNAMED for symbol in symbols]
    keys = {
        "source": pd.Series([layout.source] * len(full), dtype="str"),
        "row": pd.Series(records.row, dtype="int64"),
        "symbol": pd.Series(full, dtype="str"),
    }
    received = {
        f"received {name}": pd.Series(records.column(at), dtype="str") for at, name in enumerate(records.header)
    }
    return pd.DataFrame({**keys, **received})
