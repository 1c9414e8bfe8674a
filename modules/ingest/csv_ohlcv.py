"""Delimited OHLCV text with a declared column map to raw bars: one record, one bar, stamps as received.

Why declared columns: a vendor who renames, adds or swaps a column must be noticed, not guessed at.
"""

import gzip
from collections.abc import Callable
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.ingest.bar_table import PRICES, Layout, bar_table, column_map
from modules.ingest.independent import count_records, invented
from modules.tables import RAW_BARS, REFUSED


class Settings(ModuleSettings):
    source: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=64, description="name of the source, carried by every row"
    )
    delimiter: Literal[",", ";", "\t", "|"] = Field(description="what stands between cells")
    column_symbol: str = Field(
        max_length=64, description="header of the symbol column; empty when the file has one symbol"
    )
    fixed_symbol: str = Field(max_length=64, description="the symbol of a file without a symbol column")
    column_stamp: str = Field(min_length=1, max_length=64, description="header of the date or time column")
    column_open: str = Field(max_length=64, description="header of the open; empty when not carried")
    column_high: str = Field(max_length=64, description="header of the high; empty when not carried")
    column_low: str = Field(max_length=64, description="header of the low; empty when not carried")
    column_close: str = Field(min_length=1, max_length=64, description="header of the close")
    column_adj_close: str = Field(
        max_length=64, description="header of the vendor's adjusted close; empty when not carried"
    )
    column_volume: str = Field(max_length=64, description="header of the volume; empty when not carried")
    ignored_columns: str = Field(
        max_length=1024, description="headers, by commas, of columns that may stand there unread"
    )
    mic: str = Field(
        pattern=r"^[A-Z0-9]{4}$", max_length=4, description="ISO 10383 code of the market of symbols not listed below"
    )
    mic_exceptions: str = Field(max_length=4096, description="symbols of other markets, as XNAS:AAPL,MSFT;XTKS:7203")
    max_rows: int = Field(ge=1, le=5_000_000, description="more records than this are refused")
    max_bytes: int = Field(ge=1, le=1_000_000_000, description="more text than this is refused")


def example(rng: np.random.Generator) -> dict[str, object]:
    lines = ["Ticker,Date,Open,High,Low,Close,Volume,Adj Close"]
    for ticker in ("AAPL", "IBM"):
        for day in range(1, 29):
            low = round(float(rng.uniform(50.0, 60.0)), 2)
            prices = f"{low + 1},{low + 2},{low},{low + 1.5}"
            lines.append(f"{ticker},2003-02-{day:02d},{prices},{rng.integers(1, 9)}00,{low / 3}")
    lines += [
        "IBM,2003-03-03,80.0,81.0,79.0,n/a,100,40.0",
        "../IBM,2003-03-03,80.0,81.0,79.0,80.0,100,40.0",
        "IBM,2003-03-04,80.0",
    ]
    return {"raw": gzip.compress("\n".join(lines).encode(), mtime=0)}


@module(takes=bytes, gives=(RAW_BARS, REFUSED), settings=Settings, example=example)
def csv_ohlcv(
    raw: bytes, settings: Settings, *, decode: Callable[[bytes, int], str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raises CWS-DECODE-001..003 and CWS-INGEST-001..010 for faults of the whole file."""
    layout = Layout(
        settings.source, settings.delimiter, column_map(settings), settings.ignored_columns, settings.fixed_symbol,
        settings.mic, settings.mic_exceptions, settings.max_rows,
    )  # fmt: skip
    return bar_table(decode(raw, settings.max_bytes), layout)


@csv_ohlcv.accept
def every_record_is_kept_or_refused(before: bytes, after: SimpleNamespace) -> Check:
    """Rows 1..n of the file, counted by its lines, each stand once in raw_bars or in refused."""
    rows = np.sort(np.concatenate([after.raw_bars["row"], after.refused["row"]]))
    records = count_records(before)
    return Check(np.array_equal(rows, np.arange(1, records + 1)), float(len(rows)), f"= {records} records")


@csv_ohlcv.accept
def no_number_is_invented(before: bytes, after: SimpleNamespace) -> Check:
    """Every finite price and volume stands, to the last bit, somewhere in the file."""
    wrong = invented(after.raw_bars[list(PRICES)].to_numpy(), before).any(axis=1)
    return no_row(after.raw_bars, wrong)


@csv_ohlcv.accept
def rows_keep_the_order_of_the_file(before: bytes, after: SimpleNamespace) -> bool:
    """Row numbers rise strictly from bar to bar."""
    return bool((np.diff(after.raw_bars["row"].to_numpy()) > 0).all())
