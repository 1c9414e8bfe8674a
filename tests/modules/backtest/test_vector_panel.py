"""The panel backtest on tables: written-out numbers, agreement with vectorbt, and each refusal with its code."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from modules.conformance import example_inputs
from modules.errors import CwsError
from modules.examples import DAY_NS, START_NS
from modules.panel import grid
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.tables import BARS, WEIGHTS
from modules.unsealing import unseal
from modules.values import Table, make_table

NAN = float("nan")
PANELS = 3


def panel(opens: dict[str, list[float]], closes: dict[str, list[float]], first_bar: int = 0) -> pd.DataFrame:
    """BARS of days from `first_bar`, open and close given by symbol."""
    frames = []
    for symbol in sorted(opens):
        count = len(opens[symbol])
        stamps = START_NS + DAY_NS * np.arange(first_bar, first_bar + count, dtype=np.int64)
        close = np.array(closes[symbol])
        fields = {"open": np.array(opens[symbol]), "high": close, "low": close, "close": close, "adj_close": close}
        keys = {"ts_event": stamps, "ts_avail": stamps, "symbol": pd.Series([symbol] * count, dtype="str")}
        origin = {"source": pd.Series(["hand"] * count, dtype="str"), "row": np.arange(1, count + 1, dtype=np.int64)}
        age = np.zeros(count, dtype=np.int64)
        frames.append(pd.DataFrame({**keys, **fields, "volume": 1.0, "age_bars": age, **origin}))
    return pd.concat(frames, ignore_index=True)


def backtest(weights: pd.DataFrame, bars: pd.DataFrame, settings: dict[str, object]) -> ModuleRun:
    inputs = {"weights": make_table(weights, WEIGHTS, "test"), "bars": make_table(bars, BARS, "test")}
    return run(bind(load("vector_panel"), settings), inputs)


def opened(outcome: ModuleRun) -> dict[str, pd.DataFrame]:
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    values = {name: unseal(value) for name, value in outcome.outputs.items() if isinstance(value, Sealed)}
    return {name: table.frame for name, table in values.items()}


def refusal(outcome: ModuleRun) -> CwsError:
    assert isinstance(outcome.failure, CwsError), outcome.trace.error
    return outcome.failure


def hand_bars() -> pd.DataFrame:
    opens = {"A.XNYS": [9.0, 10.0, 13.0], "B.XNYS": [9.0, 20.0, 17.0]}
    return panel(opens, {"A.XNYS": [10.0, 12.0, 11.0], "B.XNYS": [20.0, 16.0, 18.0]})


def with_weights(bars: pd.DataFrame, weight: list[float]) -> pd.DataFrame:
    return bars[["ts_event", "ts_avail", "symbol"]].assign(weight=np.array(weight))


def test_three_bars_of_two_symbols_by_hand() -> None:
    bars = hand_bars()
    weights = with_weights(bars, [0.5, 0.0, 1.0, -0.25, NAN, 1.0])
    settings = {"initial_cash_usd": 1_000.0, "fill_on": "open", "cost_bps": 10.0}
    after = opened(backtest(weights, bars, settings))
    # The numbers are derived line by line in tests/kernels/test_panel.py.
    equity = after["equity"]
    assert equity["equity_usd"].to_numpy() == pytest.approx([1_000.0, 1_149.25, 1_173.60], rel=1e-15)
    assert equity["cash_usd"].to_numpy() == pytest.approx([1_000.0, 749.25, 1_398.60], rel=1e-15)
    assert equity["cost_usd"].to_numpy() == pytest.approx([0.0, 0.75, 0.65], rel=1e-15)
    assert equity["turnover_usd"].tolist() == [0.0, 750.0, 650.0]
    trades = after["trades"]
    assert trades["symbol"].tolist() == ["A.XNYS", "B.XNYS", "A.XNYS"]
    assert trades["ts_event"].tolist() == [START_NS + DAY_NS, START_NS + DAY_NS, START_NS + 2 * DAY_NS]
    assert trades[["quantity", "price"]].to_numpy().tolist() == [[50.0, 10.0], [-12.5, 20.0], [-50.0, 13.0]]
    assert after["holdings"]["quantity"].tolist() == [0.0, 50.0, 0.0, 0.0, -12.5, -12.5]
    assert after["holdings"]["price"].tolist() == [10.0, 12.0, 11.0, 20.0, 16.0, 18.0]
    assert after["holdings"]["value_usd"].tolist() == [0.0, 600.0, 0.0, 0.0, -200.0, -225.0]


def test_an_order_lapses_where_its_symbol_has_no_next_bar() -> None:
    late = panel({"A.XNYS": [5.0, 5.0]}, {"A.XNYS": [5.0, 5.0]}, first_bar=1)
    early = panel({"B.XNYS": [9.0]}, {"B.XNYS": [10.0]})
    bars = pd.concat([late, early], ignore_index=True)
    after = opened(backtest(with_weights(bars, [0.5, NAN, 0.5]), bars, {"cost_bps": 0.0}))
    assert after["trades"]["symbol"].tolist() == ["A.XNYS"]


@pytest.mark.parametrize("fill_on", ["open", "close"])
def test_agrees_with_vectorbt_on_the_example(fill_on: str) -> None:
    spec = importlib.util.spec_from_file_location("vectorbt_oracle", Path(__file__).with_name("vectorbt_oracle.py"))
    assert spec is not None and spec.loader is not None
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    for seed in range(PANELS):
        inputs = example_inputs(load("vector_panel"), seed)
        weights, bars = (value.frame for value in inputs.values() if isinstance(value, Table))
        place = grid(bars)
        close, fill = place.spread(bars["close"]), place.spread(bars[fill_on])
        equity, _ = oracle.vectorbt_equity(place.spread(weights["weight"]), close, fill, 1e6, 10.0)
        after = opened(backtest(weights, bars, {"fill_on": fill_on}))
        assert after["equity"]["equity_usd"].to_numpy() == pytest.approx(equity, rel=1e-9)


def test_the_outcome_is_sealed() -> None:
    outcome = run(bind(load("vector_panel")), example_inputs(load("vector_panel")))
    assert all(isinstance(value, Sealed) for value in outcome.outputs.values())


def test_refuses_weights_that_are_not_the_bars_rows() -> None:
    bars = hand_bars()
    weights = with_weights(bars, [0.5, 0.0, 1.0, -0.25, NAN, 1.0])
    for wrong_weights, wrong_bars in (
        (weights.iloc[1:], bars), (weights, bars.iloc[:-1]), (weights.iloc[::-1], bars),
        (weights.iloc[[0, 0, 1]], bars.iloc[[0, 0, 1]]),
    ):  # fmt: skip
        outcome = backtest(wrong_weights.reset_index(drop=True), wrong_bars.reset_index(drop=True), {})
        assert refusal(outcome).code == "CWS-BACKTEST-001"


def test_refuses_unusable_prices_weights_and_a_ruined_account_by_bar_and_symbol() -> None:
    bars = hand_bars()
    held = with_weights(bars, [0.5, NAN, NAN, NAN, NAN, NAN])
    no_price = refusal(backtest(held, bars.assign(open=[9.0, -1.0, 13.0, 9.0, 20.0, 17.0]), {}))
    assert no_price.code == "CWS-BACKTEST-002" and "A.XNYS" in no_price.where and "(bar 1)" in no_price.where
    endless = refusal(backtest(with_weights(bars, [NAN, NAN, NAN, NAN, np.inf, NAN]), bars, {}))
    assert endless.code == "CWS-BACKTEST-002" and "B.XNYS" in endless.where and "weight" in endless.what
    ruined = refusal(backtest(with_weights(bars, [-20.0, NAN, NAN, NAN, NAN, NAN]), bars, {"cost_bps": 0.0}))
    assert ruined.code == "CWS-BACKTEST-002" and "the account" in ruined.where and "equity" in ruined.what


def test_refuses_a_weight_that_is_known_after_the_bar_that_fills_it() -> None:
    bars = hand_bars()
    weights = with_weights(bars, [0.5, 0.0, 1.0, -0.25, NAN, 1.0])
    assert opened(backtest(weights.assign(ts_avail=weights["ts_avail"] + DAY_NS), bars, {}))
    late = refusal(backtest(weights.assign(ts_avail=weights["ts_avail"] + DAY_NS + 1), bars, {}))
    assert late.code == "CWS-BACKTEST-003" and "A.XNYS" in late.where


def test_costs_by_kind_by_hand() -> None:
    bars = hand_bars()
    weights = with_weights(bars, [0.5, NAN, NAN, -0.25, NAN, NAN])
    settings = {
        "initial_cash_usd": 1_000.0, "fill_on": "open", "cost_bps": 10.0, "half_spread_bps": 20.0,
        "borrow_rate": 0.1, "credit_rate": 0.05, "bars_per_year": 100.0,
    }  # fmt: skip
    costs = opened(backtest(weights, bars, settings))["costs_by_kind"]
    # Bar 1 earns 1000 x 0.0005 = 0.5, then buys 50 at 10 and sells 12.5 at 20: value 750. The close of 16 leaves
    # 12.5 x 16 = 200 short, for which bar 2 pays 200 x 0.001; it earns on 1000.5 - 500 + 250 - 2.25 = 748.25.
    kinds = ["commission_usd", "half_spread_usd", "impact_usd", "borrow_usd", "interest_usd"]
    expected = [[0.0] * 5, [0.75, 1.5, 0.0, 0.0, -0.5], [0.0, 0.0, 0.0, 0.2, -748.25 * 0.0005]]
    assert costs[kinds].to_numpy() == pytest.approx(np.array(expected), rel=1e-14)
    assert costs["ts_event"].tolist() == sorted(set(bars["ts_event"]))


def test_a_cost_of_the_wrong_kind_is_noticed() -> None:
    """Swapped kinds add up all the same: the check of each kind's rate sees what conservation cannot."""
    module, inputs = load("vector_panel"), example_inputs(load("vector_panel"))
    bound = bind(module, {"half_spread_bps": 3.0})
    outcome = run(bound, inputs)
    before = SimpleNamespace(**{name: value.frame for name, value in inputs.items() if isinstance(value, Table)})
    tables = opened(outcome)
    costs = tables["costs_by_kind"]
    swapped = costs.assign(commission_usd=costs["half_spread_usd"], half_spread_usd=costs["commission_usd"])
    checks = {check.name: check for check in module.acceptance}
    after = SimpleNamespace(**{**tables, "costs_by_kind": swapped})
    assert checks["equity_changes_by_profit_less_costs_by_kind"](before, after, bound.settings).passed
    assert not checks["each_kind_is_what_its_rate_asks"](before, after, bound.settings).passed
    after = SimpleNamespace(**{**tables, "costs_by_kind": costs.assign(commission_usd=costs["commission_usd"] + 0.01)})
    assert not checks["equity_changes_by_profit_less_costs_by_kind"](before, after, bound.settings).passed


def test_bad_input_is_refused_by_code_or_trades_nothing() -> None:
    bars = hand_bars()
    weights = with_weights(bars, [0.5, 0.0, 1.0, -0.25, NAN, 1.0])
    for wrong in (0.0, -1.0):
        close = bars["close"].where(bars["symbol"] != "A.XNYS", wrong)
        refused = refusal(backtest(weights, bars.assign(close=close), {}))
        assert refused.code == "CWS-BACKTEST-002" and "A.XNYS" in refused.where and "price" in refused.what
    nothing = opened(backtest(weights, bars.assign(close=NAN), {}))
    assert nothing["trades"].empty and set(nothing["equity"]["equity_usd"]) == {1e6}
    held = opened(backtest(with_weights(bars, [NAN] * 6), bars, {}))
    assert held["trades"].empty and not held["costs_by_kind"].drop(columns="ts_event").to_numpy().any()
    for stamps in (0, 1):
        few = bars[bars["ts_event"] < START_NS + DAY_NS * stamps].reset_index(drop=True)
        after = opened(backtest(with_weights(few, [0.5] * len(few)), few, {}))
        assert len(after["equity"]) == len(after["costs_by_kind"]) == stamps and after["trades"].empty
