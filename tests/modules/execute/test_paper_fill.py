"""Fills by hand: the next bar of the panel, the price, the cost, and what does not fill."""

from types import SimpleNamespace

import pandas as pd
import pytest

from modules.instruments import instruments_example
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.values import make_table

NAN = float("nan")


def _bars(rows: list[tuple[int, str, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ts_event", "symbol", "open", "close"])
    known = frame[["open", "close"]]
    return pd.DataFrame(
        {
            "ts_event": frame["ts_event"], "ts_avail": frame["ts_event"], "symbol": frame["symbol"],
            "open": frame["open"], "high": known.max(axis=1), "low": known.min(axis=1), "close": frame["close"],
            "adj_close": frame["close"], "volume": 1.0, "age_bars": 0, "source": "t", "row": frame.index + 1,
        }
    )  # fmt: skip


def _orders(rows: list[tuple[int, str, str, int]], ord_type: str = "market") -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ts_event", "symbol", "side", "order_qty"])
    ids = [f"t-{stamp}-{symbol}" for stamp, symbol, *_ in rows]
    frame = frame.assign(cl_ord_id=ids, ord_type=ord_type, time_in_force="day", reference_price=1.0)
    return frame[
        ["ts_event", "symbol", "cl_ord_id", "side", "order_qty", "ord_type", "time_in_force", "reference_price"]
    ]


def _run(orders: pd.DataFrame, bars: pd.DataFrame, **settings: object):
    found = load("paper_fill")
    inputs = {"orders": orders, "bars": bars, "instruments": instruments_example(10.0)}
    tables = {name: make_table(frame, found.takes[name], "t") for name, frame in inputs.items()}
    return run(bind(found, settings), tables)


# BBB has no bar at 30 and no open at 40.
BARS = _bars(
    [
        (10, "AAA.XNYS", 1.0, 2.0), (20, "AAA.XNYS", 3.0, 4.0), (30, "AAA.XNYS", 5.0, 6.5), (40, "AAA.XNYS", 7.0, 8.0),
        (10, "BBB.XNYS", 9.0, 9.5), (20, "BBB.XNYS", 0.1, 0.3), (40, "BBB.XNYS", NAN, 11.0),
    ]
)  # fmt: skip


def test_fills_by_hand() -> None:
    orders = _orders([(10, "AAA.XNYS", "buy", 7), (10, "BBB.XNYS", "sell", 2), (20, "AAA.XNYS", "sell", 4)])
    outcome = _run(orders, BARS, fill_on="close", cost_bps=20.0)
    assert outcome.failure is None and outcome.trace.failed_checks == []
    found = outcome.outputs["fills"].frame
    shown = found[["ts_event", "cl_ord_id", "exec_id", "side", "last_qty", "last_px", "venue"]].to_numpy().tolist()
    assert shown == [
        [20, "t-10-AAA.XNYS", "PAPER-t-10-AAA.XNYS", "buy", 7, 4_000_000_000, "PAPER"],
        [20, "t-10-BBB.XNYS", "PAPER-t-10-BBB.XNYS", "sell", 2, 300_000_000, "PAPER"],
        [30, "t-20-AAA.XNYS", "PAPER-t-20-AAA.XNYS", "sell", 4, 6_500_000_000, "PAPER"],
    ]
    # 7 lots x 10 units x 4.00 x 20 bps; 2 x 10 x 0.30; 4 x 10 x 6.50.
    assert found["commission_usd"].tolist() == pytest.approx([0.56, 0.012, 0.52], rel=1e-15)


def test_fills_on_the_open() -> None:
    found = _run(_orders([(10, "AAA.XNYS", "buy", 1)]), BARS, fill_on="open").outputs["fills"].frame
    assert found["last_px"].tolist() == [3_000_000_000]


@pytest.mark.parametrize(
    ("stamp", "symbol"),
    [(20, "BBB.XNYS"), (30, "BBB.XNYS"), (40, "AAA.XNYS"), (50, "AAA.XNYS"), (10, "CCC.XNYS")],
    ids=["no bar at the next stamp", "no price there", "last bar", "after the last bar", "no bars at all"],
)
def test_orders_without_a_next_price_do_not_fill(stamp: int, symbol: str) -> None:
    outcome = _run(_orders([(stamp, symbol, "buy", 1)]), BARS, fill_on="open")
    assert outcome.failure is None
    assert outcome.outputs["fills"].frame.empty


@pytest.mark.parametrize(
    ("price", "units"), [(123.4567890123, 123_456_789_012), (123.4567890127, 123_456_789_013), (2.5e-9, 2), (3.5e-9, 4)]
)
def test_a_price_off_the_grid_goes_to_the_nearest_unit_ties_to_even(price: float, units: int) -> None:
    bars = _bars([(10, "AAA.XNYS", 1.0, 1.0), (20, "AAA.XNYS", price, price)])
    outcome = _run(_orders([(10, "AAA.XNYS", "buy", 1)]), bars)
    assert outcome.trace.failed_checks == []
    assert outcome.outputs["fills"].frame["last_px"].tolist() == [units]


@pytest.mark.parametrize("price", [0.0, -1.0, float("inf"), 1e-10, 1e10])
def test_a_price_that_no_fill_can_have_is_refused(price: float) -> None:
    bars = _bars([(10, "AAA.XNYS", 1.0, 1.0), (20, "AAA.XNYS", price, price)])
    assert getattr(_run(_orders([(10, "AAA.XNYS", "buy", 1)]), bars).failure, "code", None) == "CWS-EXECUTE-002"


def test_paper_knows_market_orders_only() -> None:
    outcome = _run(_orders([(10, "AAA.XNYS", "buy", 1)], ord_type="limit"), BARS)
    assert getattr(outcome.failure, "code", None) == "CWS-EXECUTE-003"


def _held(fills: pd.DataFrame, bars: pd.DataFrame, orders: pd.DataFrame) -> dict[str, bool]:
    """Each acceptance check's word on the fills, at 20 bps on the close."""
    found, before = load("paper_fill"), {"orders": orders, "bars": bars, "instruments": instruments_example(10.0)}
    settings = bind(found, {"fill_on": "close", "cost_bps": 20.0}).settings
    return {a.name: a(SimpleNamespace(**before), fills, settings).passed for a in found.acceptance}


@pytest.mark.parametrize("rows", [7, 6], ids=["unbalanced", "more unbalanced"])
@pytest.mark.parametrize("closes_only", [True, False])
def test_a_wrong_price_and_a_wrong_commission_are_noticed(closes_only: bool, rows: int) -> None:
    bars = BARS.iloc[:rows].copy()
    if closes_only:
        bars[["open", "high", "low", "volume"]] = NAN
    orders = _orders([(10, "AAA.XNYS", "buy", 7), (10, "BBB.XNYS", "sell", 2), (20, "AAA.XNYS", "sell", 4)])
    outcome = _run(orders, bars, fill_on="close", cost_bps=20.0)
    assert outcome.trace.failed_checks == []
    fills = outcome.outputs["fills"].frame
    assert all(_held(fills, bars, orders).values())
    dearer = _held(fills.assign(last_px=fills["last_px"] * 3), bars, orders)
    assert not dearer["fills_at_the_declared_price"] and not dearer["commissions_are_the_declared_share"]
    off_by_one_unit = fills.assign(last_px=fills["last_px"] + 1)
    assert not _held(off_by_one_unit, bars, orders)["fills_at_the_declared_price"]
    costly = _held(fills.assign(commission_usd=fills["commission_usd"] * 100.0), bars, orders)
    assert [name for name, passed in costly.items() if not passed] == ["commissions_are_the_declared_share"]
