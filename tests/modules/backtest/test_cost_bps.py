"""The cost of a fill in closed form, and equal to what the engine paid."""

import numpy as np
import pandas as pd
import pytest

from modules.conformance import example_inputs
from modules.registry import load
from modules.runner import run
from modules.sealed import Sealed
from modules.settings import bind
from modules.skills.cost import bps_cost, fill_cost_usd
from modules.tables import TRADES
from modules.unsealing import unseal
from modules.values import make_table


def opened(value: object) -> pd.DataFrame:
    assert isinstance(value, Sealed)
    return unseal(value).frame


def test_ten_basis_points_of_the_traded_value() -> None:
    fills = {"ts_event": np.array([1, 1, 2]), "symbol": pd.Series(["A", "B", "A"], dtype="str")}
    trades = pd.DataFrame({**fills, "quantity": [100.0, -40.0, 0.0], "price": [25.0, 50.0, 26.0]})
    outcome = run(bind(load("cost_bps"), {"cost_bps": 10.0}), {"trades": make_table(trades, TRADES, "test")})
    assert opened(outcome.outputs["costs"])["cost_usd"].tolist() == [2.5, 2.0, 0.0]


def test_the_skill_is_symmetric_and_linear() -> None:
    quantity, price = np.array([3.0, -3.0, 6.0]), np.array([10.0, 10.0, 10.0])
    assert fill_cost_usd(bps_cost(5.0), quantity, price).tolist() == [0.015, 0.015, 0.03]


def test_costs_of_the_fills_are_the_costs_of_the_account() -> None:
    backtest = run(bind(load("vector_panel"), {"cost_bps": 25.0}), example_inputs(load("vector_panel")))
    outcome = run(bind(load("cost_bps"), {"cost_bps": 25.0}), backtest.outputs)
    costs = opened(outcome.outputs["costs"]).groupby("ts_event")["cost_usd"].sum()
    equity = opened(backtest.outputs["equity"]).set_index("ts_event")["cost_usd"]
    assert equity[equity > 0.0].to_numpy() == pytest.approx(costs.to_numpy(), rel=1e-12)
