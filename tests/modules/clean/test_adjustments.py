"""Corporate actions implied by the vendor's ratio must equal the facts; forward prices must not know the future."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modules.errors import CwsError
from modules.registry import load
from modules.runner import Value, run
from modules.settings import bind
from modules.tables import BARS
from modules.values import Table, make_table, raw_bytes

ALL = 2**63 - 1
DAY_NS = 86_400 * 10**9


def ran(name: str, inputs: Mapping[str, Value], settings: dict[str, object]) -> dict[str, Table]:
    outcome = run(bind(load(name), settings), inputs)
    if outcome.failure is not None:
        raise outcome.failure
    assert outcome.trace.failed_checks == []
    return dict(outcome.outputs)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def stocks() -> Table:
    spec = importlib.util.find_spec("bokeh_sampledata")
    assert spec is not None and spec.origin is not None
    raw = raw_bytes((Path(spec.origin).parent / "_data/stocks.csv.gz").read_bytes())
    tables: dict[str, Value] = {"raw": raw}
    tables |= ran("exchange_sessions", {}, {"mic": "XNYS", "first_year": 2000, "last_year": 2013})
    for name in ("csv_ohlcv", "to_utc_ns", "sort_and_dedupe", "session_filter", "bar_sanity"):
        tables |= ran(name, tables, {})
        assert "refused" not in tables or len(tables["refused"].frame) == 0
    return tables["bars"]


def adjusted(bars: Table, anchor: str, as_of_ns: int = ALL) -> dict[str, Table]:
    """Both adjustments, one after the other."""
    choice = {"anchor": anchor, "as_of_ns": as_of_ns}
    return ran("dividend_adjust", ran("split_adjust", {"bars": bars}, choice), choice)


def listed(actions: pd.DataFrame, kind: str, symbol: str) -> dict[str, float]:
    """Ex-date -> ratio or amount."""
    mine = actions[(actions["kind"] == kind) & (actions["symbol"] == symbol)]
    dates = pd.to_datetime(mine["ts_event"]).dt.strftime("%Y-%m-%d")
    return dict(zip(dates, mine["ratio" if kind == "split" else "amount"], strict=True))


def test_implied_splits_are_exactly_the_facts(stocks: Table) -> None:
    actions = ran("split_adjust", {"bars": stocks}, {})["actions"].frame
    assert listed(actions, "split", "AAPL.XNAS") == {"2000-06-21": 2.0, "2005-02-28": 2.0}
    assert listed(actions, "split", "MSFT.XNAS") == {"2003-02-18": 2.0}
    assert len(actions) == 3


@pytest.mark.parametrize("anchor", ["first", "last"])
def test_microsofts_three_dollars_are_a_dividend_in_either_direction(stocks: Table, anchor: str) -> None:
    actions = adjusted(stocks, anchor)["actions"].frame
    paid = listed(actions, "dividend", "MSFT.XNAS")
    assert paid["2004-11-15"] == pytest.approx(3.00, rel=0.01)
    assert paid["2003-02-19"] == pytest.approx(0.08, rel=0.02)
    assert len(listed(actions, "dividend", "IBM.XNYS")) == 52
    assert listed(actions, "dividend", "FB.XNAS") == listed(actions, "dividend", "GOOG.XNAS") == {}


def test_back_adjusted_total_return_is_the_vendors_series(stocks: Table) -> None:
    bars = adjusted(stocks, "last")["bars"].frame
    ratio = (bars["close"] / bars["adj_close"]).groupby(bars["symbol"])
    assert (ratio.max() / ratio.min() - 1.0 < 1e-6).all()
    last = bars.groupby("symbol")["close"].last()
    assert last.equals(stocks.frame.groupby("symbol")["close"].last())


def test_a_split_moves_no_money_and_halves_the_price_before_it(stocks: Table) -> None:
    bars, was = ran("split_adjust", {"bars": stocks}, {"anchor": "last"})["bars"].frame, stocks.frame
    apple = (was["symbol"] == "AAPL.XNAS").to_numpy()
    assert (bars["close"][apple].iloc[0], was["close"][apple].iloc[0]) == (130.31 / 4.0, 130.31)
    assert bars["volume"][apple].iloc[0] == was["volume"][apple].iloc[0] * 4.0


@pytest.mark.parametrize("anchor", ["first", "last"])
def test_as_of_the_day_before_a_split_nothing_is_adjusted(stocks: Table, anchor: str) -> None:
    ex_date = int(pd.Timestamp("2000-06-21 20:00").value)
    before = ran("split_adjust", {"bars": stocks}, {"anchor": anchor, "as_of_ns": ex_date - 1})
    assert before["bars"].hash == stocks.hash and len(before["actions"].frame) == 0
    on_it = ran("split_adjust", {"bars": stocks}, {"anchor": anchor, "as_of_ns": ex_date})
    assert listed(on_it["actions"].frame, "split", "AAPL.XNAS") == {"2000-06-21": 2.0}
    assert len(on_it["actions"].frame) == 1


@pytest.mark.parametrize("as_of", ["2000-05-01", "2001-01-01", "2003-02-18", "2004-11-15"])
def test_as_of_any_date_only_what_was_known_is_listed(stocks: Table, as_of: str) -> None:
    limit = int(pd.Timestamp(as_of).value) + DAY_NS
    actions, everything = adjusted(stocks, "first", limit)["actions"], adjusted(stocks, "first")["actions"]
    assert actions.frame.equals(everything.frame[everything.frame["ts_event"] <= limit].reset_index(drop=True))


def up_to(cut_ns: int, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["ts_event"] <= cut_ns].reset_index(drop=True)


@pytest.mark.parametrize("cut", ["2006-01-03", "2012-01-03"])
def test_forward_total_return_does_not_know_later_dividends(stocks: Table, cut: str) -> None:
    cut_ns, noise = int(pd.Timestamp(cut).value) + DAY_NS, np.random.default_rng(8)
    later = stocks.frame["ts_event"] > cut_ns
    wobble = noise.uniform(0.97, 1.03, len(stocks.frame))
    frame = stocks.frame.assign(adj_close=stocks.frame["adj_close"] * np.where(later, wobble, 1.0))
    seen = [adjusted(table, "first") for table in (stocks, make_table(frame, BARS, "test"))]
    for name in ("actions", "bars"):
        one, two = (up_to(cut_ns, tables[name].frame) for tables in seen)
        assert one.equals(two)
    assert len(seen[1]["actions"].frame) > len(seen[0]["actions"].frame) + 500


@pytest.mark.parametrize("cut", ["2000-06-20", "2000-06-22", "2004-11-14", "2012-01-03"])
def test_forward_prices_do_not_know_the_future(stocks: Table, cut: str) -> None:
    """Everything after the cut altered, new splits planted there: every adjusted row up to it is byte-equal."""
    cut_ns, noise = int(pd.Timestamp(cut).value) + DAY_NS, np.random.default_rng(7)
    later = (stocks.frame["ts_event"] > cut_ns).to_numpy()
    frame = stocks.frame.copy()
    frame.loc[later, "close"] *= np.where(noise.random(int(later.sum())) < 0.01, 3.0, 1.0)
    frame.loc[later, "volume"] *= noise.uniform(0.5, 2.0, int(later.sum()))
    other = make_table(frame, BARS, "test")
    seen = [ran("split_adjust", {"bars": table}, {"anchor": "first"}) for table in (stocks, other)]
    past = [{name: up_to(cut_ns, table.frame) for name, table in tables.items()} for tables in seen]
    assert past[0]["bars"].equals(past[1]["bars"]) and past[0]["actions"].equals(past[1]["actions"])
    assert len(seen[1]["actions"].frame) > len(seen[0]["actions"].frame)


def test_back_adjusted_prices_do_and_that_is_why_forward_ones_exist(stocks: Table) -> None:
    short = make_table(
        stocks.frame[stocks.frame["ts_event"] < int(pd.Timestamp("2004-01-01").value)].reset_index(drop=True), BARS, "t"
    )
    first = [
        ran("split_adjust", {"bars": table}, {"anchor": "last"})["bars"].frame["close"].iloc[0]
        for table in (short, stocks)
    ]
    assert first == [130.31 / 2.0, 130.31 / 4.0]


def planted(jumps: dict[int, float], rounding: int = 12) -> Table:
    """One symbol at a constant adjusted close of 10 whose quoted close jumps."""
    steps = np.ones(60)
    for bar, jump in jumps.items():
        steps[bar] = jump
    close = 640.0 / np.cumprod(steps)
    stamps = np.arange(1, 61, dtype=np.int64) * DAY_NS
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    frame = pd.DataFrame({"ts_event": stamps, "ts_avail": stamps, "symbol": "P.XXXX", **prices})
    adj_close = np.round(close * np.cumprod(steps) / 64.0, rounding)
    rest = frame.assign(adj_close=adj_close, volume=1000.0, age_bars=0, source="test", row=np.arange(1, 61))
    return make_table(rest, BARS, "test")


@pytest.mark.parametrize("ratio", [2.0, 3.0, 7.0, 20.0, 0.5, 0.1, 0.05, 1.5, 2.0 / 3.0])
def test_planted_splits_are_found_at_their_bar(ratio: float) -> None:
    tables = ran("split_adjust", {"bars": planted({30: ratio})}, {"anchor": "last"})
    assert tables["actions"].frame[["ts_event", "ratio"]].to_numpy().tolist() == [
        [31 * DAY_NS, pytest.approx(ratio, rel=1e-15)]
    ]
    np.testing.assert_allclose(tables["bars"].frame["close"], 640.0 / ratio, rtol=1e-12)


@pytest.mark.parametrize("jump", [1.02, 1.12, 1.3, 1.45, 1.9, 2.1, 0.9])
def test_other_jumps_are_no_splits(jump: float) -> None:
    assert len(ran("split_adjust", {"bars": planted({30: jump})}, {})["actions"].frame) == 0


def test_a_hole_in_the_vendors_series_hides_no_split() -> None:
    table = planted({30: 2.0})
    frame = table.frame.assign(adj_close=table.frame["adj_close"].where(~table.frame["row"].isin([30, 31])))
    actions = ran("split_adjust", {"bars": make_table(frame, BARS, "test")}, {})["actions"].frame
    assert actions["ts_event"].tolist() == [32 * DAY_NS]


def test_a_planted_dividend_is_the_amount_per_share_of_the_day_before() -> None:
    close_before = 640.0 / 2.0
    jump = 1.0 / (1.0 - 4.0 / close_before)
    for anchor in ("first", "last"):
        actions = adjusted(planted({10: 2.0, 20: jump, 40: 4.0}), anchor)["actions"].frame
        assert listed(actions, "dividend", "P.XXXX") == {"1970-01-22": pytest.approx(4.0, rel=1e-9)}


def test_a_split_left_in_is_no_dividend() -> None:
    table = planted({30: 2.0})
    early = {"anchor": "first", "as_of_ns": 5 * DAY_NS}
    with pytest.raises(CwsError, match="CWS-CLEAN-004"):
        ran("dividend_adjust", ran("split_adjust", {"bars": table}, early), {"anchor": "first"})
    assert len(ran("dividend_adjust", ran("split_adjust", {"bars": table}, early), early)["actions"].frame) == 0


def test_the_vendors_rounding_makes_no_actions() -> None:
    tables = adjusted(planted({30: 2.0}, rounding=4), "first")
    assert tables["actions"].frame["kind"].tolist() == ["split"]


def test_without_an_adjusted_close_nothing_is_adjusted() -> None:
    table = make_table(planted({30: 2.0}).frame.assign(adj_close=np.nan), BARS, "test")
    tables = adjusted(table, "first")
    assert tables["bars"].hash == table.hash and len(tables["actions"].frame) == 0


@pytest.mark.parametrize("anchor", ["first", "last"])
def test_adjusting_moves_no_money(stocks: Table, anchor: str) -> None:
    bars, was = adjusted(stocks, anchor)["bars"].frame, stocks.frame
    np.testing.assert_allclose(bars["close"] * bars["volume"], was["close"] * was["volume"], rtol=1e-9)


def test_microsofts_units_grow_by_a_third_to_2013(stocks: Table) -> None:
    """Forward prices hold ten years of reinvested dividends: 33 % more a unit, so as much fewer units a share."""
    split = ran("split_adjust", {"bars": stocks}, {"anchor": "first"})
    whole = ran("dividend_adjust", split, {"anchor": "first"})["bars"].frame
    row = int((whole["symbol"] == "MSFT.XNAS").to_numpy().nonzero()[0][-1])
    growth = whole["close"][row] / split["bars"].frame["close"][row]
    assert growth == pytest.approx(1.33, abs=0.01)
    assert whole["volume"][row] == pytest.approx(split["bars"].frame["volume"][row] / growth, rel=1e-12)


def test_a_planted_dividend_divides_the_volume_from_its_day_on() -> None:
    bars = adjusted(planted({20: 1.25}), "first")["bars"].frame
    np.testing.assert_allclose(bars["volume"], [1000.0] * 20 + [800.0] * 40, rtol=1e-12)
    np.testing.assert_allclose(bars["close"], 640.0, rtol=1e-12)
