"""Planted breaks: each kind is found, named once, and nothing else is."""

import pandas as pd
import pytest

from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import bind
from modules.values import make_table


def _orders(*changed: dict[str, object]) -> pd.DataFrame:
    plain = {
        "ts_event": 10, "symbol": "A", "cl_ord_id": "o-1", "side": "buy", "order_qty": 10, "ord_type": "market",
        "time_in_force": "day", "reference_price": 1.0,
    }  # fmt: skip
    return pd.DataFrame([{**plain, **change} for change in changed or ({},)])


def _fills(*changed: dict[str, object]) -> pd.DataFrame:
    plain = {
        "ts_event": 20, "symbol": "A", "cl_ord_id": "o-1", "exec_id": "x-1", "side": "buy", "last_qty": 10,
        "last_px": 1, "commission_usd": 0.0, "venue": "PAPER",
    }  # fmt: skip
    return pd.DataFrame([{**plain, **change} for change in changed or ({},)])


def _run(orders: pd.DataFrame, fills: pd.DataFrame) -> ModuleRun:
    found = load("reconcile_fills")
    inputs = {"orders": orders, "fills": fills}
    return run(bind(found), {name: make_table(frame, found.takes[name], "t") for name, frame in inputs.items()})


def _breaks(orders: pd.DataFrame, fills: pd.DataFrame) -> list[list[object]]:
    outcome = _run(orders, fills)
    assert outcome.failure is None, outcome.trace.error
    assert outcome.trace.failed_checks == []
    return outcome.outputs["breaks"].frame[["cl_ord_id", "kind", "expected", "found"]].to_numpy().tolist()


def test_whole_and_split_fills_have_no_breaks() -> None:
    assert _breaks(_orders(), _fills()) == []
    assert _breaks(_orders(), _fills({"last_qty": 4}, {"last_qty": 6, "exec_id": "x-2"})) == []


@pytest.mark.parametrize(
    ("fills", "expected"),
    [
        (_fills({"cl_ord_id": "o-9"}), [["o-1", "unfilled", 10, 0], ["o-9", "unknown_order", 0, 10]]),
        (_fills({"last_qty": 11}), [["o-1", "overfill", 10, 11]]),
        (_fills({"side": "sell"}), [["o-1", "side_mismatch", 1, -1]]),
        (_fills({"symbol": "B"}), [["o-1", "symbol_mismatch", 1, 0]]),
        (_fills({"ts_event": 7}), [["o-1", "before_order", 0, -3]]),
        (_fills({"last_qty": 4}), [["o-1", "unfilled", 10, 4]]),
        (_fills({"last_qty": 5}, {"last_qty": 5}), [["o-1", "duplicate_execution", 1, 2]]),
        (_fills().iloc[:0], [["o-1", "unfilled", 10, 0]]),
    ],
)
def test_each_planted_break_is_found(fills: pd.DataFrame, expected: list[list[object]]) -> None:
    assert _breaks(_orders(), fills) == expected


def test_an_order_sent_twice_is_a_break() -> None:
    assert _breaks(_orders({}, {}), _fills({"last_qty": 20})) == [["o-1", "duplicate_order", 1, 2]]


def test_a_side_that_is_neither_is_refused() -> None:
    assert getattr(_run(_orders({"side": "short"}), _fills()).failure, "code", None) == "CWS-EXECUTE-001"
