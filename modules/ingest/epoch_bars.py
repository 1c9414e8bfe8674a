"""Intraday bars of one instrument, stamped in local time across clock changes, to raw bars in the file's own order.

Why in file order: overlapping blocks and stray rows are evidence about the feed, for clean to judge.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.ingest.bar_table import PRICES, Layout, bar_table, column_map
from modules.ingest.delimited import Mask, stamp_faults
from modules.ingest.independent import count_records, invented, plain
from modules.tables import RAW_BARS, REFUSED

_TIME_OF_DAY = re.compile(r"[0-9]{1,2}:[0-9]{2}|^ *[0-9]{9,19} *$")


class Settings(ModuleSettings):
    source: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=64, description="name of the source, carried by every row"
    )
    delimiter: Literal[",", ";", "\t", "|"] = Field(description="what stands between cells")
    fixed_symbol: str = Field(min_length=1, max_length=64, description="the symbol that the file is about")
    column_stamp: str = Field(min_length=1, max_length=64, description="header of the time column")
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
        pattern=r"^[A-Z0-9]{4}$", max_length=4, description="ISO 10383 code of the market; XXXX is no market"
    )
    max_rows: int = Field(ge=1, le=5_000_000, description="more records than this are refused")
    max_bytes: int = Field(ge=1, le=1_000_000_000, description="more text than this is refused")


def example(rng: np.random.Generator) -> dict[str, object]:
    lines = ["Datetime,Open,High,Low,Close,Adj Close,Volume"]
    for number in range(48):
        low, hour, minute = round(float(rng.uniform(400.0, 410.0)), 3), number // 4, number % 4 * 15
        prices = f"{low + 1},{low + 2},{low},{low + 1.5},{low + 1.5}"
        lines.append(f"2021-10-31 {hour:02d}:{minute:02d}:00+00:00,{prices},{rng.integers(1, 9)}")
    lines += [
        "2021-10-31 09:00:00+01:00,400.0,402.0,399.0,401.0,401.0,7",
        "2021-10-31 12:50:02+00:00,401.0,401.0,401.0,401.0,401.0,0",
    ]
    lines += ["2021-10-31,401.0,401.0,401.0,401.0,401.0,0", "2021-10-31 12:15:00+00:00,401.0,x,401.0,401.0,401.0,0"]
    return {"raw": "\n".join(lines).encode()}


def _intraday_faults(stamps: Sequence[str]) -> Mapping[str, Mask]:
    timeless = np.array([_TIME_OF_DAY.search(stamp) is None for stamp in stamps], dtype=np.bool_)
    return {**stamp_faults(stamps), "no_time_of_day": timeless}


@module(takes=bytes, gives=(RAW_BARS, REFUSED), settings=Settings, example=example)
def epoch_bars(
    raw: bytes, settings: Settings, *, decode: Callable[[bytes, int], str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raises CWS-DECODE-001..003 and CWS-INGEST-001..009 for faults of the whole file."""
    layout = Layout(
        settings.source, settings.delimiter, column_map(settings), settings.ignored_columns, settings.fixed_symbol,
        settings.mic, "", settings.max_rows,
    )  # fmt: skip
    return bar_table(decode(raw, settings.max_bytes), layout, _intraday_faults)


@epoch_bars.accept
def every_record_is_kept_or_refused(before: bytes, after: SimpleNamespace) -> Check:
    """Rows 1..n of the file, counted by its lines, each stand once in raw_bars or in refused."""
    rows = np.sort(np.concatenate([after.raw_bars["row"], after.refused["row"]]))
    records = count_records(before)
    return Check(np.array_equal(rows, np.arange(1, records + 1)), float(len(rows)), f"= {records} records")


@epoch_bars.accept
def no_number_is_invented(before: bytes, after: SimpleNamespace) -> Check:
    """Every finite price and volume stands, to the last bit, somewhere in the file."""
    wrong = invented(after.raw_bars[list(PRICES)].to_numpy(), before).any(axis=1)
    return no_row(after.raw_bars, wrong)


@epoch_bars.accept
def stamps_stand_as_received(before: bytes, after: SimpleNamespace) -> Check:
    """Every stamp occurs in the file, character for character, and one instrument has all rows."""
    text = plain(before)
    wrong = np.array(
        [
            stamp.encode() not in text
            for stamp in (after.raw_bars["stamp"].iloc[[0, -1]] if len(after.raw_bars) else [])
        ],
        dtype=bool,
    )
    one = after.raw_bars["symbol"].nunique() <= 1
    return Check(bool(one and not wrong.any()), float(wrong.sum()), "0 stamps")
