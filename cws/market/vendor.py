"""A world as a vendor's file, in the formats that the real ingest modules read, with its faults and where they stand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from cws.market.clock import DAILY_SECONDS, Clock
from cws.market.flaws import CONFLICT, SPIKE, Flaw, flaws_of
from cws.market.paths import paths_of
from cws.market.spec import World
from cws.market.worlds import Seen, seen_of, symbol_names
from kernels.ordered import F64
from modules.clean.venue_sessions import SECOND_NS

HEADERS = {
    "csv_ohlcv": "Ticker,Date,Open,High,Low,Close,Adj Close,Volume",
    "epoch_bars": "Datetime,Open,High,Low,Close,Adj Close,Volume",
}
SATURDAY = 5
# In a wide file these are a record more, of all symbols.
WHOLE_RECORD = ("exact_duplicates", "conflicting_duplicates", "bad_stamps", "strays")


@dataclass(frozen=True)
class Record:
    """One line of a long file; `cells` are open, high, low, close, adjusted close, volume."""

    column: int
    bar: int
    stamp: str
    cells: tuple[float | str, ...]


@dataclass(frozen=True)
class Placed:
    """A flaw and the records of the file that bear it, 1-based."""

    flaw: Flaw
    rows: tuple[int, ...]


class Refusal(NamedTuple):
    """What the real modules must refuse: a record, a column of the world, and the reason they must give."""

    row: int
    column: int
    reason: str


@dataclass(frozen=True)
class VendorFile:
    data: bytes
    placed: tuple[Placed, ...]
    refusals: tuple[Refusal, ...]


def vendor_file(world: World, seed: int) -> VendorFile:
    """The file and its truth. Raises CWS-MARKET-002 and CWS-MARKET-003."""
    paths = paths_of(world, seed)
    seen = seen_of(world, paths)
    flaws = flaws_of(world, seed, seen.present)
    stamps = _stamps(world, paths.clock)
    return _wide(world, seen, stamps, flaws) if world.vendor == "wide_panel" else _long(world, seen, stamps, flaws)


def world_source(world: World, seed: int) -> bytes:
    """The vendor's bytes: what `cws run` ingests, given `cws.market.recipe.dataset_toml`."""
    return vendor_file(world, seed).data


def _stamps(world: World, clock: Clock) -> list[str]:
    if world.bar_seconds == DAILY_SECONDS:
        return [str(day) for day in clock.sessions["date"][: world.bars]]
    instants = pd.DatetimeIndex(clock.ts_event[: world.bars].view("datetime64[ns]"))
    return [f"{text}+00:00" for text in instants.strftime("%Y-%m-%d %H:%M:%S")]


def _traded(seen: Seen, flaws: Sequence[Flaw]) -> tuple[list[F64], F64]:
    """([open, high, low, close, adjusted close], volume) as quoted: adjusted prices start at the first bar."""
    step = np.ones_like(seen.volume)
    for flaw in flaws:
        if flaw.kind in ("splits", "dividends"):
            step[flaw.bar, flaw.column] = flaw.size if flaw.kind == "splits" else 1.0 / (1.0 - flaw.size)
    factor = np.cumprod(step, axis=0)
    return [*[price / factor for price in seen.prices], seen.prices.close], seen.volume * factor


def _long(world: World, seen: Seen, stamps: list[str], flaws: list[Flaw]) -> VendorFile:
    prices, volume = _traded(seen, flaws)
    column, bar = np.nonzero(seen.present.T)
    cells = zip(*[matrix[bar, column].tolist() for matrix in (*prices, volume)], strict=True)
    records = [
        Record(c, b, stamps[b], tuple(values))
        for c, b, values in zip(column.tolist(), bar.tolist(), cells, strict=True)
    ]
    at = {(record.column, record.bar): place for place, record in enumerate(records)}
    placed: list[Placed] = []
    for flaw in flaws:
        place = at[flaw.column, flaw.bar]
        rows = LONG[flaw.kind](records, place, flaw)
        placed.append(Placed(flaw, tuple(row + 1 for row in rows)))
    names = [name.rsplit(".", 1)[0] for name in symbol_names(world)]
    lines = [HEADERS[world.vendor], *[_line(record, names, world.vendor) for record in records]]
    refusals = [Refusal(one.rows[0], one.flaw.column, one.flaw.reason) for one in placed if one.flaw.reason]
    return VendorFile(_bytes(lines), tuple(placed), tuple(sorted(refusals)))


def _bytes(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _line(record: Record, names: list[str], vendor: str) -> str:
    cells = ",".join([cell if isinstance(cell, str) else repr(cell) for cell in record.cells])
    return f"{names[record.column]},{record.stamp},{cells}" if vendor == "csv_ohlcv" else f"{record.stamp},{cells}"


Edit = Callable[[list[Record], int, Flaw], tuple[int, ...]]


def _untouched(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    return (place,)


def _scaled(record: Record, factor: float) -> Record:
    *prices, volume = record.cells
    return replace(record, cells=(*[cell * factor for cell in prices if isinstance(cell, float)], volume))


def _again(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    factor = CONFLICT if flaw.kind == "conflicting_duplicates" else 1.0
    records.append(_scaled(records[place], factor))
    return (len(records) - 1,)


def _swapped(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    records[place], records[place + 1] = records[place + 1], records[place]
    return (place, place + 1)


def _spiked(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    records[place] = _scaled(records[place], SPIKE)
    return (place,)


def _impossible(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    at, factor = {
        "high_below_body": (1, 0.5), "low_above_body": (2, 1.02), "non_positive_price": (2, -1.0),
        "negative_volume": (5, -1.0),
    }[flaw.reason]  # fmt: skip
    cells = list(records[place].cells)
    cell = max(float(x) for x in cells[:2]) if flaw.reason == "low_above_body" else float(cells[at])
    cells[at] = cell * factor
    if flaw.reason == "low_above_body":
        cells[1] = cell * factor * factor
    records[place] = replace(records[place], cells=tuple(cells))
    return (place,)


def _bad_cell(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    cells = list(records[place].cells)
    cells[3] = "n/a"
    records[place] = replace(records[place], cells=tuple(cells))
    return (place,)


def _bad_stamp(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    records.append(replace(records[place], stamp="yesterday"))
    return (len(records) - 1,)


def _stray_stamp(stamp: str) -> str:
    """The Saturday of a date's week; two seconds behind an intraday bar's start."""
    if len(stamp) == 10:
        day = date.fromisoformat(stamp)
        return (day + timedelta(days=SATURDAY - day.weekday())).isoformat()
    instant = pd.Timestamp(stamp) + pd.Timedelta(2 * SECOND_NS, unit="ns")
    return f"{instant.strftime('%Y-%m-%d %H:%M:%S')}+00:00"


def _stray(records: list[Record], place: int, flaw: Flaw) -> tuple[int, ...]:
    records.append(replace(records[place], stamp=_stray_stamp(records[place].stamp)))
    return (len(records) - 1,)


LONG: dict[str, Edit] = {
    "splits": _untouched,
    "dividends": _untouched,
    "exact_duplicates": _again,
    "conflicting_duplicates": _again,
    "swapped_rows": _swapped,
    "spikes": _spiked,
    "impossible_bars": _impossible,
    "bad_cells": _bad_cell,
    "bad_stamps": _bad_stamp,
    "strays": _stray,
}


def _wide(world: World, seen: Seen, stamps: list[str], flaws: list[Flaw]) -> VendorFile:
    """A record a day; a flaw of a record is one of all its symbols."""
    days = [[stamp, *map(repr, row)] for stamp, row in zip(stamps, seen.prices.close.tolist(), strict=True)]
    for bar, column in zip(*np.nonzero(~seen.present), strict=True):
        days[bar][column + 1] = ""
    placed: list[Placed] = []
    for flaw in flaws:
        rows = _wide_flaw(days, flaw)
        placed.append(Placed(flaw, tuple(row + 1 for row in rows)))
    header = ["Date", *[name.rsplit(".", 1)[0] for name in symbol_names(world)]]
    lines = [",".join(cells) for cells in [header, *days]]
    return VendorFile(_bytes(lines), tuple(placed), tuple(sorted(_wide_refusals(days, placed))))


def _wide_refusals(days: list[list[str]], placed: list[Placed]) -> Iterator[Refusal]:
    """A record that is wrong is wrong for every symbol; an empty cell is no price, and twice empty is the same twice."""
    whole = {one.rows[0]: one.flaw.reason for one in placed if one.flaw.kind in WHOLE_RECORD}
    cells = {(one.rows[0], one.flaw.column): one.flaw.reason for one in placed if one.flaw.kind not in WHOLE_RECORD}
    for row, day in enumerate(days, start=1):
        for column, cell in enumerate(day[1:]):
            reason = whole.get(row, cells.get((row, column), "" if cell else "nan_price"))
            if reason:
                yield Refusal(row, column, "exact_duplicate" if "duplicate" in reason and not cell else reason)


def _wide_flaw(days: list[list[str]], flaw: Flaw) -> tuple[int, ...]:
    day, cell = days[flaw.bar], flaw.column + 1
    if flaw.kind == "swapped_rows":
        days[flaw.bar], days[flaw.bar + 1] = days[flaw.bar + 1], day
        return (flaw.bar, flaw.bar + 1)
    extra = {
        "exact_duplicates": lambda: list(day),
        "conflicting_duplicates": lambda: [day[0], *[repr(float(x) * CONFLICT) if x else "" for x in day[1:]]],
        "bad_stamps": lambda: ["yesterday", *day[1:]],
        "strays": lambda: [_stray_stamp(day[0]), *day[1:]],
    }
    if flaw.kind in extra:
        days.append(extra[flaw.kind]())
        return (len(days) - 1,)
    changed = {"spikes": SPIKE, "impossible_bars": -1.0}
    day[cell] = "n/a" if flaw.kind == "bad_cells" else repr(float(day[cell]) * changed[flaw.kind])
    return (flaw.bar,)
