"""One case for each check of the risk core."""

import json

import numpy as np
import pandas as pd
import pytest

from modules.instruments import instruments_example
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.values import make_table

LIMITS = {"max_order_qty_lots": 100, "max_notional_usd": 50_000.0, "max_orders_per_bar": 3}
VALID_TO_NS = 1_000


def _order(number: int, **changed: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "ts_event": 10, "symbol": "AAA.XNYS", "cl_ord_id": f"t-{number}", "side": "buy", "order_qty": 1,
        "ord_type": "market", "time_in_force": "day", "reference_price": 100.0,
    }  # fmt: skip
    return {**plain, **changed}


def _run(orders: list[dict[str, object]]):
    found = load("pre_trade_checks")
    master = instruments_example().assign(valid_to_ns=np.int64(VALID_TO_NS))
    inputs = {"orders": pd.DataFrame(orders), "instruments": master}
    tables = {name: make_table(frame, found.takes[name], "t") for name, frame in inputs.items()}
    outcome = run(bind(found, LIMITS), tables)
    assert outcome.failure is None, outcome.trace.error
    assert outcome.trace.failed_checks == []
    return outcome.outputs["orders"].frame, outcome.outputs["refused"].frame


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"symbol": "AAB.XNYS"}, "unknown_symbol"),
        ({"ts_event": VALID_TO_NS}, "outside_validity"),
        ({"reference_price": 0.0}, "non_positive_price"),
        ({"reference_price": -3.0}, "non_positive_price"),
        ({"order_qty": 101, "reference_price": 1.0}, "quantity_over_limit"),
        ({"order_qty": 50, "reference_price": 100.01}, "notional_over_limit"),
        ({"reference_price": float("inf")}, "notional_over_limit"),
        ({"cl_ord_id": "t-1"}, "duplicate_cl_ord_id"),
    ],
)
def test_each_check_refuses_its_case_and_names_the_row(changed: dict[str, object], reason: str) -> None:
    kept, refused = _run([_order(1), _order(2, **changed)])
    assert kept["cl_ord_id"].tolist() == ["t-1"]
    assert refused[["source", "row", "reason"]].to_numpy().tolist() == [["orders", 2, reason]]
    assert json.loads(refused["record"].iloc[0])["order_qty"] == changed.get("order_qty", 1)


def test_exactly_at_the_limits_passes() -> None:
    kept, refused = _run(
        [_order(1, order_qty=50, reference_price=100.0), _order(2, order_qty=100, reference_price=1.0)]
    )
    assert len(kept) == 2
    assert refused.empty
    assert refused.dtypes.astype(str).to_dict() == {
        "source": "str", "row": "int64", "symbol": "str", "reason": "str", "record": "str",
    }  # fmt: skip


def test_the_limit_per_bar_counts_orders_that_passed_the_other_checks() -> None:
    bad = [_order(number, reference_price=0.0) for number in (2, 3)]
    kept, refused = _run([_order(1), *bad, _order(4), _order(5), _order(6), _order(7, ts_event=11)])
    assert kept["cl_ord_id"].tolist() == ["t-1", "t-4", "t-5", "t-7"]
    assert refused["reason"].tolist() == [*["non_positive_price"] * 2, "too_many_orders_per_bar"]
