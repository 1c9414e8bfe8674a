"""A wide table of closes (a row a date, a column a symbol) to long raw bars: one cell, one bar.

Why an empty cell stays a bar with a missing close: whether a hole is a late listing or a fault is for clean to say.
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.ingest.bar_table import PRICES, names
from modules.ingest.delimited import Records, locate, read_records, reals, refused_ragged, stamp_faults
from modules.ingest.independent import count_records, invented
from modules.ingest.symbols import checked_symbol, full_symbol, mic_exceptions
from modules.refusal import split
from modules.tables import RAW_BARS, REFUSED


class Settings(ModuleSettings):
    source: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=64, description="name of the source, carried by every row"
    )
    delimiter: Literal[",", ";", "\t", "|"] = Field(description="what stands between cells")
    column_stamp: str = Field(min_length=1, max_length=64, description="header of the date column")
    symbols: str = Field(max_length=8192, description="the symbol columns, by commas; empty takes every other column")
    mic: str = Field(
        pattern=r"^[A-Z0-9]{4}$", max_length=4, description="ISO 10383 code of the market of symbols not listed below"
    )
    mic_exceptions: str = Field(max_length=4096, description="symbols of other markets, as XNAS:AAPL,MSFT;XTKS:7203")
    max_rows: int = Field(ge=1, le=1_000_000, description="more dates than this are refused")
    max_bytes: int = Field(ge=1, le=1_000_000_000, description="more text than this is refused")


def example(rng: np.random.Generator) -> dict[str, object]:
    lines = ["Date,AAPL,GE,XOM"]
    prices = rng.uniform(10.0, 90.0, (28, 3))
    lines += [f"2003-02-{day:02d}," + ",".join(f"{price:.3f}" for price in row) for day, row in enumerate(prices, 1)]
    lines += ["2003-03-03,10.5,n/a,12.25", ",10.5,11.5,12.5", "2003-03-04,10.5", "2003-03-05,,11.125,12.5"]
    return {"raw": "\r\n".join(lines).encode()}


def _repeated(values: Sequence[str], index: np.ndarray) -> pd.Series:
    """`values` at `index`: few different strings, many rows."""
    taken = pa.array(values, type=pa.large_string()).take(pa.array(index))
    return pd.Series(taken, dtype="str")


def _long(
    records: Records, order: Sequence[str], at: dict[str, int], full: dict[str, str], source: str
) -> pd.DataFrame:
    """(records x symbols) rows by record, then by full symbol; `cell` is the text as received."""
    count, width = len(records.row), len(order)
    by_record, by_symbol = np.repeat(np.arange(count), width), np.tile(np.arange(width), count)
    positions = [at[name] for name in order]
    cells = [line[position] for line in records.cells for position in positions]
    return pd.DataFrame(
        {
            "source": _repeated([source], np.zeros(count * width, dtype=np.int64)),
            "row": np.repeat(np.array(records.row, dtype=np.int64), width),
            "symbol": _repeated([full[name] for name in order], by_symbol),
            "stamp": _repeated(records.column(at["stamp"]), by_record),
            "cell": pd.Series(cells, dtype="str"),
        }
    )


@module(takes=bytes, gives=(RAW_BARS, REFUSED), settings=Settings, example=example)
def wide_panel(
    raw: bytes, settings: Settings, *, decode: Callable[[bytes, int], str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raises CWS-DECODE-001..003 and CWS-INGEST-001..010 for faults of the whole file."""
    records = read_records(decode(raw, settings.max_bytes), settings.delimiter, settings.max_rows)
    listed = names(settings.symbols) or [name for name in records.header if name != settings.column_stamp]
    at = locate(records.header, {"stamp": settings.column_stamp, **{checked_symbol(s, "header"): s for s in listed}})
    exceptions = mic_exceptions(settings.mic_exceptions)
    full = {name: full_symbol(name, settings.mic, exceptions) for name in listed}
    order = sorted(listed, key=full.__getitem__)
    columns = {name: reals(records.column(at[name]), name) for name in order}
    frame = _long(records, order, at, full, settings.source)
    width = len(order)
    rules = {reason: np.repeat(mask, width) for reason, mask in stamp_faults(records.column(at["stamp"])).items()}
    rules["unparsable_close"] = np.column_stack([columns[name][1] for name in order]).ravel()
    close = np.column_stack([columns[name][0] for name in order]).ravel()
    prices = {price: close if price == "close" else np.full(len(close), np.nan) for price in PRICES}
    kept, refused = split(frame.assign(**prices), rules)
    ragged = refused_ragged(records, settings.source, [full[name] for name in order])
    both = pd.concat([refused, ragged], ignore_index=True).sort_values(["row", "symbol"], ignore_index=True)
    return kept.drop(columns="cell"), both


@wide_panel.accept
def every_cell_is_kept_or_refused(before: bytes, after: SimpleNamespace) -> Check:
    """Records, counted by the file's lines, times symbols: each (row, symbol) stands once in raw_bars or in refused."""
    both = pd.concat([after.raw_bars[["row", "symbol"]], after.refused[["row", "symbol"]]])
    cells = count_records(before) * both["symbol"].nunique()
    return Check(len(both) == cells and not both.duplicated().any(), float(len(both)), f"= {cells} cells")


@wide_panel.accept
def no_number_is_invented(before: bytes, after: SimpleNamespace) -> Check:
    """Every finite price stands, to the last bit, somewhere in the file."""
    wrong = invented(after.raw_bars[list(PRICES)].to_numpy(), before).any(axis=1)
    return no_row(after.raw_bars, wrong)


@wide_panel.accept
def only_the_close_is_carried(before: bytes, after: SimpleNamespace) -> bool:
    """A wide table has one field: the others are missing, not guessed."""
    return bool(after.raw_bars[[price for price in PRICES if price != "close"]].isna().all(axis=None))
