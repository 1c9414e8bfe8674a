"""Parents by hand: units of the wire, short marks, quotes on the tick, the horizon, and what stays on paper."""

import numpy as np
import pandas as pd
import pytest

from modules.examples import bars_example
from modules.execute.gateway_submit import parent_ids
from modules.instruments import instruments_example
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import bind
from modules.tables import ORDERS
from modules.values import make_table

STAMPS = np.unique(bars_example(np.random.default_rng(1), 6)["ts_event"].to_numpy())


def _bars(open_: float = 100.004, bars: int = 6) -> pd.DataFrame:
    return bars_example(np.random.default_rng(1), bars).assign(open=open_)


def _orders(rows: list[tuple[int, str, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["ts_event", "side", "order_qty"])
    made = frame.assign(
        ts_event=STAMPS[frame["ts_event"]], symbol="AAA.XNYS", cl_ord_id=[f"s-{n}" for n in range(len(rows))],
        ord_type="market", time_in_force="day", reference_price=100.0,
    )  # fmt: skip
    return made[list(ORDERS.columns)]


def _submission(**words: object) -> pd.DataFrame:
    said = {"strategy": "s", "strategy_no": 7, "execution": "native", "patch": "p", "data_version": "b3:d"}
    return pd.DataFrame([{**said, "ledger_id": "e", **words}])


def _run(orders: pd.DataFrame, bars: pd.DataFrame | None = None, lot: float = 10.0, **settings: object) -> ModuleRun:
    found = load("gateway_submit")
    inputs = {
        "orders": orders, "bars": _bars() if bars is None else bars, "instruments": instruments_example(lot),
        "submission": _submission(),
    }  # fmt: skip
    tables = {name: make_table(frame, found.takes[name], "t") for name, frame in inputs.items()}
    return run(bind(found, settings), tables)


def _parents(outcome: ModuleRun) -> pd.DataFrame:
    assert outcome.failure is None and outcome.trace.failed_checks == []
    return outcome.outputs["parents"].frame  # pyright: ignore[reportAttributeAccessIssue]


def test_parents_by_hand() -> None:
    found = _parents(_run(_orders([(0, "buy", 3), (1, "sell", 5), (2, "buy", 1)])))
    shown = found[["cl_ord_id", "side", "wire_qty", "quote_px", "tick_px", "unit_size"]].to_numpy().tolist()
    quote = 100_000_000_000
    assert shown == [
        ["s-0", "buy", 30, quote, 10_000_000, 1.0],
        ["s-1", "sell", 30, quote, 10_000_000, 1.0],
        ["s-1", "sell_short", 20, quote, 10_000_000, 1.0],
        ["s-2", "buy", 10, quote, 10_000_000, 1.0],
    ], "what is held is sold, what is not is marked short"
    assert found["start_ns"].tolist() == STAMPS[[1, 2, 2, 3]].tolist()
    assert found["end_ns"].tolist() == STAMPS[[2, 3, 3, 4]].tolist()
    assert found[
        ["strategy", "strategy_no", "patch", "data_version", "ledger_id"]
    ].drop_duplicates().to_numpy().tolist() == [["s", 7, "p", "b3:d", "e"]]


def test_a_lot_below_one_unit_is_the_unit_of_the_wire() -> None:
    found = _parents(_run(_orders([(0, "buy", 30_000)]), lot=0.0001))
    assert found[["wire_qty", "unit_size"]].to_numpy().tolist() == [[30_000, 0.0001]]


def test_ids_follow_from_the_words_and_never_from_the_ledger() -> None:
    first = _parents(_run(_orders([(0, "buy", 3)])))
    assert parent_ids(first).tolist() == parent_ids(first.assign(ledger_id="other", wire_qty=9)).tolist()
    for name, other in (("strategy", "t"), ("symbol", "BBB.XNYS"), ("data_version", "b3:e"), ("side", "sell")):
        assert parent_ids(first.assign(**{name: other})).tolist() != parent_ids(first).tolist(), name


@pytest.mark.parametrize(
    ("what", "orders", "settings", "left"),
    [
        ("the last bar has no next one", [(4, "buy", 1), (5, "buy", 1)], {}, ["s-0"]),
        ("before the horizon", [(0, "buy", 1), (1, "buy", 1), (4, "buy", 1)], {"most_parents": 2}, ["s-1", "s-2"]),
        ("a sell may be two", [(0, "buy", 1), (1, "sell", 1)], {"most_parents": 2}, ["s-1"]),
        ("no horizon", [(0, "buy", 1)], {"most_parents": 0}, []),
    ],
)
def test_who_goes_out(
    what: str, orders: list[tuple[int, str, int]], settings: dict[str, object], left: list[str]
) -> None:
    assert _parents(_run(_orders(orders), **settings))["cl_ord_id"].tolist() == left, what


@pytest.mark.parametrize(
    ("price", "quote"), [(199_999.99, 199_999_990_000_000), (200_001.0, None), (0.001, 10_000_000)]
)
def test_a_price_that_the_wire_cannot_say_stays_on_paper(price: float, quote: int | None) -> None:
    found = _parents(_run(_orders([(0, "buy", 1)]), _bars(price)))
    assert found["quote_px"].tolist() == ([] if quote is None else [quote])


def test_a_symbol_without_a_price_is_sent_and_has_no_quote() -> None:
    found = _parents(_run(_orders([(0, "buy", 1)]), _bars(float("nan"))))
    assert found["quote_px"].tolist() == [0]


def test_on_paper_nobody_goes_out() -> None:
    found = load("gateway_submit")
    inputs = {
        "orders": _orders([(0, "buy", 1)]), "bars": _bars(), "instruments": instruments_example(),
        "submission": _submission(execution="paper"),
    }  # fmt: skip
    outcome = run(bind(found), {name: make_table(frame, found.takes[name], "t") for name, frame in inputs.items()})
    assert _parents(outcome).empty
