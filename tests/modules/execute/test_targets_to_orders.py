"""Orders by hand: differences, names, order."""

import numpy as np
import pandas as pd
import pytest

from modules.errors import CwsError
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import TARGETS
from modules.values import make_table


def test_orders_by_hand() -> None:
    targets = pd.DataFrame(
        {
            "ts_event": [10, 20, 30, 10, 20, 30], "ts_avail": [10, 20, 30, 10, 20, 30], "symbol": ["A"] * 3 + ["B"] * 3,
            "target_lots": [5, 5, -2, 0, 3, 0], "weight": [np.nan] * 6,
            "reference_price": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )  # fmt: skip
    outcome = run(
        bind(load("targets_to_orders"), {"strategy_id": "xs"}), {"targets": make_table(targets, TARGETS, "t")}
    )
    assert outcome.failure is None and outcome.trace.failed_checks == []
    found = outcome.outputs["orders"].frame
    shown = found[["cl_ord_id", "side", "order_qty", "reference_price"]].to_numpy().tolist()
    assert shown == [
        ["xs-10-A", "buy", 5, 1.0],
        ["xs-20-B", "buy", 3, 5.0],
        ["xs-30-A", "sell", 7, 3.0],
        ["xs-30-B", "sell", 3, 6.0],
    ]


@pytest.mark.parametrize("name", ["", "two words", "a" * 33, "a-b", "../x"])
def test_a_strategy_id_that_cannot_name_orders_is_refused(name: str) -> None:
    with pytest.raises(CwsError, match="CWS-SETTINGS-002"):
        bind(load("targets_to_orders"), {"strategy_id": name})
