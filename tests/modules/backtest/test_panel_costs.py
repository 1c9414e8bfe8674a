"""Spread, impact, borrow and interest: closed forms, and the account of the engine equal to the cost modules."""

import numpy as np
import pandas as pd
import pytest

from modules.conformance import example_inputs
from modules.errors import CwsError
from modules.examples import bars_example
from modules.panel import KEYS
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.tables import BARS, HOLDINGS, TRADES, WEIGHTS
from modules.unsealing import unseal
from modules.values import make_table

FREE = {"cost_bps": 0.0}


def opened(outcome: ModuleRun, table: str) -> pd.DataFrame:
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    value = outcome.outputs[table]
    assert isinstance(value, Sealed)
    return unseal(value).frame


def backtest(settings: dict[str, object], first_bar: int = 60) -> tuple[ModuleRun, dict[str, object]]:
    """The account of random weights from a bar on, and the bars with it."""
    bars = bars_example(np.random.default_rng(5), 160)
    weight = np.random.default_rng(6).uniform(-0.2, 0.2, len(bars))
    weights = bars[KEYS].assign(weight=np.where(bars.groupby("symbol").cumcount() < first_bar, np.nan, weight))
    inputs = {"weights": make_table(weights, WEIGHTS, "test"), "bars": make_table(bars, BARS, "test")}
    outcome = run(bind(load("vector_panel"), {**FREE, **settings}), inputs)
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    return outcome, {**outcome.outputs, "bars": inputs["bars"]}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("cost_half_spread", {"half_spread_bps": 3.0}),
        ("cost_sqrt_impact", {"impact_coefficient": 0.7, "impact_bars": 15}),
        ("cost_borrow", {"borrow_rate": 0.3, "bars_per_year": 252.0}),
    ],
)
def test_the_engine_pays_what_the_module_says(name: str, numbers: dict[str, object]) -> None:
    account, tables = backtest(numbers)
    module = load(name)
    paid = opened(run(bind(module, numbers), {table: tables[table] for table in module.takes}), "costs")
    equity = opened(account, "equity").set_index("ts_event")["cost_usd"]
    expected = paid.groupby("ts_event")["cost_usd"].sum().reindex(equity.index, fill_value=0.0)
    assert equity.sum() > 100.0
    assert equity.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)


def test_half_a_spread_of_the_value() -> None:
    fills = {"ts_event": np.array([1, 1]), "symbol": pd.Series(["A", "B"], dtype="str")}
    trades = pd.DataFrame({**fills, "quantity": [100.0, -40.0], "price": [25.0, 50.0]})
    bound = bind(load("cost_half_spread"), {"half_spread_bps": 10.0})
    paid = opened(run(bound, {"trades": make_table(trades, TRADES, "test")}), "costs")
    assert paid["cost_usd"].tolist() == [2.5, 2.0]


def test_impact_of_a_quarter_of_the_volume_is_half_of_the_whole() -> None:
    bars = bars_example(np.random.default_rng(1), 40)
    bars = bars[bars["symbol"] == "AAA.XNYS"].reset_index(drop=True)
    # Returns of +1 % and -1 % in turn: over any 4 bars their deviation is sqrt(4/3) per cent.
    close = 100.0 * np.cumprod(np.where(np.arange(len(bars)) % 2 == 1, 1.01, 0.99))
    bars = bars.assign(close=close, volume=400.0)
    last = bars.iloc[[-1]]
    trades = last[["ts_event", "symbol"]].assign(quantity=-100.0, price=10.0).reset_index(drop=True)
    inputs = {"trades": make_table(trades, TRADES, "test"), "bars": make_table(bars, BARS, "test")}
    bound = bind(load("cost_sqrt_impact"), {"impact_coefficient": 0.6, "impact_bars": 4})
    paid = opened(run(bound, inputs), "costs")["cost_usd"]
    assert paid.tolist() == pytest.approx([1_000.0 * 0.6 * 0.01 * np.sqrt(4.0 / 3.0) * 0.5], rel=1e-12)


def test_impact_without_a_history_is_refused_by_module_and_engine() -> None:
    bars = bars_example(np.random.default_rng(1), 40)
    trades = bars.iloc[[3]][["ts_event", "symbol"]].assign(quantity=1.0, price=10.0).reset_index(drop=True)
    inputs = {"trades": make_table(trades, TRADES, "test"), "bars": make_table(bars, BARS, "test")}
    refused = run(bind(load("cost_sqrt_impact"), {"impact_bars": 20}), inputs).failure
    assert isinstance(refused, CwsError) and refused.code == "CWS-BACKTEST-007" and "AAA.XNYS" in refused.where
    early = run(bind(load("vector_panel"), {"impact_coefficient": 0.5}), example_inputs(load("vector_panel"))).failure
    assert isinstance(early, CwsError) and early.code == "CWS-BACKTEST-002" and "volatility" in early.what


def test_borrow_is_paid_on_the_value_short_one_bar_before_and_through_a_missing_bar() -> None:
    rows = {"ts_event": [1, 2, 4, 1, 2, 3, 4], "symbol": ["A"] * 3 + ["B"] * 4}
    keys = pd.DataFrame(rows).assign(ts_avail=lambda frame: frame["ts_event"])[KEYS].astype({"symbol": "str"})
    quantity = np.array([0.0, -10.0, -10.0, 1.0, 1.0, 1.0, -1.0])
    holdings = keys.assign(quantity=quantity, price=5.0, value_usd=quantity * 5.0)
    bound = bind(load("cost_borrow"), {"borrow_rate": 0.5, "bars_per_year": 10.0})
    paid = opened(run(bound, {"holdings": make_table(holdings, HOLDINGS, "test")}), "costs")
    assert paid.to_numpy().tolist() == [[3, "A", 2.5], [4, "A", 2.5]]


def test_interest_comes_in_and_the_account_still_adds_up() -> None:
    account, _ = backtest({"credit_rate": 0.05, "debit_rate": 0.08})
    equity = opened(account, "equity")
    rate = np.where(equity["cash_usd"] > 0.0, 0.05, 0.08) / 252.0
    expected = -(equity["cash_usd"] * rate).shift(fill_value=0.0)
    assert equity["cost_usd"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)


@pytest.mark.parametrize("missing_bar", ["lapse", "wait"])
@pytest.mark.parametrize("delisting", ["keep", "liquidate"])
def test_holes_and_a_delisting_by_the_declared_rules(missing_bar: str, delisting: str) -> None:
    bars = bars_example(np.random.default_rng(2), 80)
    number = bars.groupby("symbol").cumcount()
    holes = (np.random.default_rng(3).random(len(bars)) < 0.2) | ((bars["symbol"] == "BBB.XNYS") & (number >= 50))
    bars = bars[~holes].reset_index(drop=True)
    weight = np.random.default_rng(4).uniform(-0.2, 0.2, len(bars))
    weights = bars[KEYS].assign(weight=np.where(np.arange(len(bars)) % 3 == 0, weight, np.nan))
    inputs = {"weights": make_table(weights, WEIGHTS, "test"), "bars": make_table(bars, BARS, "test")}
    rules = {"missing_bar": missing_bar, "delisting": delisting, "fill_on": "close", "lot": 10.0, "gross_cap": 0.5}
    outcome = run(bind(load("vector_panel"), rules), inputs)
    trades = opened(outcome, "trades")
    last = bars[bars["symbol"] == "BBB.XNYS"].iloc[-1]
    after = trades[(trades["symbol"] == "BBB.XNYS") & (trades["ts_event"] > last["ts_event"])]
    assert after["price"].tolist() == ([last["close"]] if delisting == "liquidate" else [])
    assert (trades["quantity"] % 10.0 == 0.0).all() and len(trades) > 40
