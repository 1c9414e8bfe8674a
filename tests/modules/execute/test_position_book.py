"""The account by hand, its identities, and what it refuses."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from modules.instruments import instruments_example
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import bind
from modules.values import make_table

NAN = float("nan")


def _bars(rows: list[tuple[int, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ts_event", "symbol", "close"])
    prices = dict.fromkeys(("open", "high", "low", "close", "adj_close"), frame["close"])
    keys = {"ts_event": frame["ts_event"], "ts_avail": frame["ts_event"], "symbol": frame["symbol"]}
    return pd.DataFrame(
        {**keys, **prices, "volume": 1.0, "age_bars": 0, "source": "t", "row": np.arange(1, len(frame) + 1)}
    )


def _fills(rows: list[tuple[int, str, str, int, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ts_event", "symbol", "side", "last_qty", "price", "commission_usd"])
    ids = [f"t-{number}" for number in range(len(rows))]
    frame = frame.assign(cl_ord_id=ids, exec_id=ids, venue="PAPER", last_px=(frame["price"] * 1e9).astype("int64"))
    return frame[
        ["ts_event", "symbol", "cl_ord_id", "exec_id", "side", "last_qty", "last_px", "commission_usd", "venue"]
    ]


def _run(fills: pd.DataFrame, bars: pd.DataFrame) -> ModuleRun:
    found = load("position_book")
    inputs = {"fills": fills, "bars": bars, "instruments": instruments_example(10.0)}
    tables = {name: make_table(frame, found.takes[name], "t") for name, frame in inputs.items()}
    return run(bind(found, {"initial_cash_usd": 1000.0}), tables)


# BBB lists at 20 and misses its bar at 30.
BARS = _bars(
    [
        (10, "AAA.XNYS", 2.0), (20, "AAA.XNYS", 3.0), (30, "AAA.XNYS", 4.0), (40, "AAA.XNYS", NAN),
        (20, "BBB.XNYS", 5.0), (40, "BBB.XNYS", 6.0),
    ]
)  # fmt: skip
FILLS = _fills(
    [
        (20, "AAA.XNYS", "buy", 5, 2.5, 1.0), (20, "BBB.XNYS", "sell", 2, 5.5, 2.0),
        (30, "AAA.XNYS", "sell", 6, 4.5, 0.5),
    ]
)  # fmt: skip


def test_the_account_by_hand() -> None:
    outcome = _run(FILLS, BARS)
    assert outcome.failure is None and outcome.trace.failed_checks == [], outcome.trace.error
    book = outcome.outputs["book"].frame
    # 20: 1000 - 125 - 1 + 110 - 2 = 982; positions 5 x 10 x 3 - 2 x 10 x 5 = 50.
    # 30: 982 + 270 - 0.5 = 1251.5; positions -1 x 10 x 4 - 2 x 10 x 5 (BBB's last close) = -140.
    # 40: AAA keeps its last close 4: -40 - 2 x 10 x 6 = -160.
    assert book["cash_usd"].tolist() == [1000.0, 982.0, 1251.5, 1251.5]
    assert book["equity_usd"].tolist() == [1000.0, 1032.0, 1111.5, 1091.5]
    assert book["cost_usd"].tolist() == [0.0, 3.0, 0.5, 0.0]
    assert book["turnover_usd"].tolist() == [0.0, 235.0, 270.0, 0.0]
    found = outcome.outputs["positions"].frame
    assert found["position_lots"].tolist() == [0, 5, -1, -1, -2, -2]
    assert found["price"].tolist() == [2.0, 3.0, 4.0, 4.0, 5.0, 6.0]
    assert found["value_usd"].tolist() == [0.0, 150.0, -40.0, -40.0, -100.0, -120.0]


def test_a_fill_between_two_bars_shows_at_the_later_one() -> None:
    found = _run(_fills([(11, "AAA.XNYS", "buy", 1, 2.0, 0.0)]), BARS).outputs["positions"].frame
    assert found["position_lots"].tolist()[:4] == [0, 1, 1, 1]


def test_without_fills_the_account_stays() -> None:
    outcome = _run(FILLS.iloc[:0], BARS)
    assert outcome.trace.failed_checks == []
    assert outcome.outputs["book"].frame["equity_usd"].tolist() == [1000.0] * 4


@pytest.mark.parametrize("fill", [(50, "AAA.XNYS", "buy", 1, 2.0, 0.0), (20, "CCC.XNYS", "buy", 1, 2.0, 0.0)])
def test_a_fill_that_no_bar_holds_is_refused(fill: tuple[int, str, str, int, float, float]) -> None:
    assert getattr(_run(_fills([fill]), BARS).failure, "code", None) == "CWS-EXECUTE-004"


@pytest.mark.parametrize("close", [NAN, 0.0, -1.0, float("inf")])
def test_a_position_without_a_mark_is_refused(close: float) -> None:
    outcome = _run(_fills([(10, "AAA.XNYS", "buy", 1, 2.0, 0.0)]), _bars([(10, "AAA.XNYS", close)]))
    assert getattr(outcome.failure, "code", None) == "CWS-EXECUTE-005"


def _equity_holds(bars: pd.DataFrame, fills: pd.DataFrame, **factors: float) -> bool:
    """The word of the equity check on a book whose columns are multiplied."""
    outcome = _run(fills, bars)
    assert outcome.failure is None and outcome.trace.failed_checks == []
    tables = {name: value.frame for name, value in outcome.outputs.items()}
    book = tables["book"].assign(**{name: tables["book"][name] * factor for name, factor in factors.items()})
    before = SimpleNamespace(fills=fills, bars=bars, instruments=instruments_example(10.0))
    (check,) = [a for a in load("position_book").acceptance if a.name == "equity_is_cash_plus_positions"]
    settings = bind(load("position_book"), {"initial_cash_usd": 1000.0}).settings
    return check(before, SimpleNamespace(**{**tables, "book": book}), settings).passed


# At no stamp of the second panel do both symbols have a row.
ALTERNATING = _bars([(10, "AAA.XNYS", 2.0), (30, "AAA.XNYS", 4.0), (20, "BBB.XNYS", 5.0), (40, "BBB.XNYS", 6.0)])
TURNS = _fills([(10, "AAA.XNYS", "buy", 5, 2.5, 1.0), (20, "BBB.XNYS", "sell", 2, 5.5, 2.0)])


@pytest.mark.parametrize(
    ("bars", "fills"),
    [(BARS.assign(open=NAN, high=NAN, low=NAN, volume=NAN), FILLS), (ALTERNATING, TURNS)],
    ids=["closes only", "unbalanced"],
)
def test_a_wrong_equity_is_noticed(bars: pd.DataFrame, fills: pd.DataFrame) -> None:
    assert _equity_holds(bars, fills)
    assert not _equity_holds(bars, fills, equity_usd=3.0)
    assert not _equity_holds(bars, fills, cash_usd=3.0)


def test_a_fill_that_waits_for_its_symbols_next_row_breaks_nothing() -> None:
    assert _equity_holds(BARS, _fills([(25, "BBB.XNYS", "buy", 3, 5.0, 0.0)]))
