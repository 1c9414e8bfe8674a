"""What the three real files hold, as numbers: rows in, refused by reason, out; splits and dividends as in history."""

from collections.abc import Mapping
from functools import cache

import pandas as pd
import pytest
from places import STRATEGIES
from way import source_bytes, through, way

from cws.home import Settings
from cws.house import House, open_house
from cws.pins import published
from cws.stages import Unit
from cws.strategies import catalogue
from modules.canonical import content_hash
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import BARS, RAW_BARS, SESSIONS
from modules.values import Table, make_table

REFUSED: Mapping[str, dict[str, int]] = {
    "btc_usd_15m": {"exact_duplicate": 21, "conflicting_duplicate": 11, "off_grid": 3},
    "us_tech": {},
    "us_large_caps": {},
}
ROWS = {"btc_usd_15m": 8_721, "us_tech": 12_154, "us_large_caps": 166_260}
BY_SYMBOL = {"AAPL.XNAS": 3_270, "IBM.XNYS": 3_270, "MSFT.XNAS": 3_270, "GOOG.XNAS": 2_148, "FB.XNAS": 196}


@pytest.fixture(scope="module")
def house(real_run) -> House:
    return open_house(Settings(home=real_run.home))


def table(house: House, name: str, part: str) -> pd.DataFrame:
    return house.lake.read(published(house)[name, part])


def day(ts_ns: int) -> str:
    return str(pd.Timestamp(ts_ns, tz="UTC").tz_convert("America/New_York").date())


@pytest.mark.parametrize("dataset", sorted(ROWS))
def test_rows_in_are_rows_out_and_rows_refused_by_reason(house: House, dataset: str) -> None:
    received = len(table(house, "raw_bars", dataset))
    kept = len(table(house, "ohlcv", dataset))
    refused = table(house, "quarantine", f"{dataset}.clean")
    assert received == ROWS[dataset]
    assert refused["reason"].value_counts().to_dict() == REFUSED[dataset]
    assert kept + len(refused) == received


def test_ingest_refuses_nothing_of_the_real_files(house: House) -> None:
    assert [len(table(house, "quarantine", f"{dataset}.ingest")) for dataset in ROWS] == [0, 0, 0]


def test_each_refused_row_names_source_row_and_record(house: House) -> None:
    refused = table(house, "quarantine", "btc_usd_15m.clean")
    received = table(house, "raw_bars", "btc_usd_15m").set_index("row")
    assert refused["row"].is_unique and set(refused["source"]) == {"btc_usd_15min"}
    for row, record in zip(refused["row"], refused["record"], strict=True):
        assert repr(float(received.loc[row, "close"])) in record
    strays = refused.loc[refused["reason"] == "off_grid", "row"]
    assert set(received.loc[strays, "volume"]) == {0.0} and 8_721 in set(strays)


def test_the_unbalanced_panel_has_each_symbol_from_its_listing(house: House) -> None:
    bars = table(house, "ohlcv", "us_tech")
    assert bars["symbol"].value_counts().to_dict() == BY_SYMBOL
    first = bars.groupby("symbol")["ts_event"].min().map(day).to_dict()
    assert (first["GOOG.XNAS"], first["FB.XNAS"]) == ("2004-08-19", "2012-05-18")


def test_the_large_caps_are_twenty_names_on_every_session(house: House) -> None:
    bars, sessions = table(house, "ohlcv", "us_large_caps"), table(house, "sessions", "us_large_caps")
    assert bars["symbol"].nunique() == 20 and set(bars["symbol"].value_counts()) == {8_313}
    assert set(bars["ts_event"]) <= set(sessions["close_ns"])
    assert int((bars["age_bars"] > 0).sum()) == 0


def test_intraday_stamps_are_quarters_of_an_hour_across_the_clock_change(house: House) -> None:
    stamps = table(house, "ohlcv", "btc_usd_15m")["ts_event"]
    assert (stamps % 900_000_000_000 == 0).all() and stamps.is_monotonic_increasing and stamps.is_unique
    night = stamps[stamps.between(pd.Timestamp("2021-10-30 22:00Z").value, pd.Timestamp("2021-10-31 04:00Z").value)]
    assert night.diff().max() == 900_000_000_000, "the hour that London had twice is there once, without a hole"


def test_splits_are_exactly_the_facts(house: House) -> None:
    actions = table(house, "corporate_actions", "us_tech")
    splits = actions[actions["kind"] == "split"]
    found = [
        (s, day(at), ratio) for s, at, ratio in zip(splits["symbol"], splits["ts_event"], splits["ratio"], strict=True)
    ]
    assert found == [
        ("AAPL.XNAS", "2000-06-21", 2.0),
        ("AAPL.XNAS", "2005-02-28", 2.0),
        ("MSFT.XNAS", "2003-02-18", 2.0),
    ]


def test_the_great_dividend_is_no_split(house: House) -> None:
    actions = table(house, "corporate_actions", "us_tech")
    of_day = actions[(actions["symbol"] == "MSFT.XNAS") & (actions["ts_event"].map(day) == "2004-11-15")]
    assert of_day["kind"].tolist() == ["dividend"]
    assert of_day["amount"].iloc[0] == pytest.approx(3.00, rel=0.01)
    dividends = actions[actions["kind"] == "dividend"]
    assert (dividends["amount"] > 0.0).all() and set(actions["kind"]) == {"dividend", "split"}
    assert not ({"GOOG.XNAS", "FB.XNAS"} & set(dividends["symbol"])), "neither paid any in these years"


@cache
def sane_bars() -> pd.DataFrame:
    """us_tech as it is before any adjustment."""
    chosen = catalogue(STRATEGIES)
    received = way(chosen, "ts_momentum", source_bytes(chosen, "ts_momentum"), ("ingest",))
    tables = {schema.name: make_table(received[schema.name], schema, "test") for schema in (RAW_BARS, SESSIONS)}
    adjusting = ("split_adjust", "dividend_adjust")
    bars = through(Unit("clean", chosen.datasets["us_tech"]), tables, without=adjusting)["bars"]
    assert isinstance(bars, Table)
    return bars.frame


def adjusted_as_of(stamp: str) -> pd.DataFrame:
    settings = {"anchor": "last", "as_of_ns": pd.Timestamp(stamp).value}
    outcome = run(bind(load("split_adjust"), settings), {"bars": make_table(sane_bars(), BARS, "test")})
    adjusted = outcome.outputs["bars"]
    assert isinstance(adjusted, Table)
    return adjusted.frame


def test_as_of_a_day_before_every_split_the_series_is_unadjusted() -> None:
    assert content_hash(adjusted_as_of("2000-06-20 23:00Z")) == content_hash(sane_bars())
    assert content_hash(adjusted_as_of("2000-06-21 23:00Z")) != content_hash(sane_bars())


def test_as_of_a_day_between_two_splits_only_the_first_is_taken_out() -> None:
    mine, was = (frame[frame["symbol"] == "AAPL.XNAS"] for frame in (adjusted_as_of("2005-02-25 23:00Z"), sane_bars()))
    known = was["ts_event"] >= pd.Timestamp("2000-06-21").value
    assert mine.loc[known, "close"].equals(was.loc[known, "close"]), "the split of 2005 is not known yet"
    halved = was.loc[~known, "close"].to_numpy() / 2.0
    assert mine.loc[~known, "close"].to_numpy() == pytest.approx(halved, rel=1e-12)
