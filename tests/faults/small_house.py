"""A small catalogue (two symbols, one year of XNYS days) and homes that run it: what the tests of faults start from."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from cws.home import Settings
from cws.house import House, open_house
from cws.pins import published
from cws.strategies import catalogue
from cws_dagster.main_job import Outcome, run
from cws_dagster.summary import HASHED, summarise
from modules.canonical import combined_hash

SYMBOLS = ("AAA", "^B&B=X")  # the second with the marks that vendors use
ROOT = Path(__file__).resolve().parents[2]
YEAR = 2019
HEADER = "Ticker,Date,Open,High,Low,Close,Volume"
DATASET = """
title = "Two made-up symbols, one year of days"
why = "Small enough to break in a hundred ways, real enough to pass every stage."

[source]
path = "bars.csv"

[instruments]
currency = "USD"
calendar = "XNYS"
lot_size = 1.0
tick_size = 0.01

[ingest]
chain = ["exchange_sessions", "csv_ohlcv"]

[clean]
chain = ["to_utc_ns", "sort_and_dedupe", "session_filter", "bar_sanity", "forward_fill"]

[settings]
bar_seconds = 86_400

[settings.exchange_sessions]
mic = "XNYS"
first_year = 2019
last_year = 2019

[settings.csv_ohlcv]
source = "small"
column_adj_close = ""
mic_exceptions = ""
"""
STRATEGY = """
title = "Reversal of two made-up symbols"
why = "Exercises one module of every kind in a second or two."
dataset = "small"

[feature]
chain = ["returns", "reversal_5d"]

[backtest]
chain = ["vector_panel", "cost_bps", "performance", "deflated_sharpe"]

[size]
chain = ["rank_to_weight", "leverage_cap", "lot_round"]

[execute]
chain = ["targets_to_orders", "pre_trade_checks", "paper_fill", "reconcile_fills", "position_book"]

[settings]
cost_bps = 5.0
fill_on = "close"
initial_cash_usd = 1_000_000.0
bars_per_year = 252.0

[skills.rank_to_weight]
schedule = "weekly"
"""


@cache
def session_dates() -> tuple[str, ...]:
    """The dates on which XNYS trades in the year."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start=f"{YEAR}-01-01", end=f"{YEAR}-12-31")
    return tuple(calendar.sessions.strftime("%Y-%m-%d"))


@cache
def good_lines() -> tuple[str, ...]:
    """Header, then one record a symbol and day: file row n is `good_lines()[n]`."""
    rng = np.random.default_rng(11)
    lines = [HEADER]
    for symbol in SYMBOLS:
        close = 50.0
        for date in session_dates():
            start, close = close, round(close * (1.0 + 0.02 * float(rng.uniform(-1.0, 1.0))), 2)
            prices = f"{start},{max(start, close) + 0.5},{min(start, close) - 0.5},{close}"
            lines.append(f"{symbol},{date},{prices},{rng.integers(1, 9)}00000")
    return tuple(lines)


def text(lines: Iterable[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


@dataclass(frozen=True)
class Place:
    """One test's folders: a catalogue that it may edit and a home of its own."""

    folder: Path

    @property
    def strategies(self) -> Path:
        return self.folder / "strategies"

    @property
    def source(self) -> Path:
        return self.strategies / "datasets" / "bars.csv"

    @property
    def dataset(self) -> Path:
        return self.strategies / "datasets" / "small.toml"

    @property
    def strategy(self) -> Path:
        return self.strategies / "small_reversal.toml"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, strategies=self.strategies, views="off")

    def house(self) -> House:
        """Opened anew, as another process would: nothing remembered of earlier reads."""
        return open_house(self.settings)

    def run(self) -> Outcome:
        return run(self.settings)

    def edit(self, path: Path, old: str, new: str) -> None:
        content = path.read_text()
        assert old in content, old
        path.write_text(content.replace(old, new, 1))


def make_place(folder: Path, source: bytes | None = None) -> Place:
    """A fresh catalogue with the good file, or with `source` instead."""
    place = Place(folder)
    place.source.parent.mkdir(parents=True)
    place.dataset.write_text(DATASET)
    place.strategy.write_text(STRATEGY)
    place.source.write_bytes(text(good_lines()) if source is None else source)
    return place


def copy_place(place: Place, folder: Path) -> Place:
    shutil.copytree(place.folder, folder)
    return Place(folder)


def result_hashes(outcome: Outcome) -> Mapping[str, str]:
    assert outcome.succeeded, (outcome.errors, outcome.failed_checks)
    return {one["name"]: one["result_hash"] for one in summarise(outcome)["strategies"]}


def visible(house: House) -> dict[str, object]:
    """What readers see: the pins in force and the tables (traces aside: a failed run leaves its traces on purpose)."""
    tables = {row["table"]: row for row in house.lake.tables() if row["table"] != "module_traces"}
    return {"pins": published(house), "tables": tables}


def hashes_in_force(place: Place) -> dict[str, str]:
    """The result hashes of what is published now, as the summary makes them."""
    pins, names = published(place.house()), catalogue(place.strategies).strategies
    return {name: combined_hash({table: pins[table, name].hash for table in HASHED}) for name in names}
