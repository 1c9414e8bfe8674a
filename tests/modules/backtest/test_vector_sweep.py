"""vector_sweep: it says what the spine says of one strategy, each outcome is sealed and counted, refusals are coded."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws.trials import Task, evaluate
from modules.backtest import vector_sweep as engine
from modules.backtest.parameter_grid import parse_grid, sets_of, size
from modules.backtest.sweep_market import volatility_scale
from modules.errors import CwsError
from modules.examples import bars_example
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.tables import BARS
from modules.values import Table, make_table

BARS_SEEN = bars_example(np.random.default_rng(4), 240)


def swept(bars: pd.DataFrame, **settings: object) -> ModuleRun:
    return run(bind(load("vector_sweep"), settings), {"bars": make_table(bars, BARS, "test")})


class CountingSink:
    def __init__(self) -> None:
        self.opened: list[str] = []

    def record(self, task: Task) -> int:
        self.opened.append(task.key)
        return len(self.opened)

    def conclude(self, task: Task, looks: int, tables: object) -> None:
        pass


def tables(outcome: ModuleRun) -> dict[str, pd.DataFrame]:
    """The outcome's tables, by the only way there is."""
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    sealed = {name: value for name, value in outcome.outputs.items() if isinstance(value, Sealed)}
    task = Task("sweep", "b3:s", {"bars": "b3:b"}, "all", "b3:c", lambda: sealed)
    sink = CountingSink()
    opened = evaluate(task, sink).tables
    assert sink.opened == [task.key]
    return {name: table.frame for name, table in opened.items()}


def code_of(outcome: ModuleRun) -> str:
    assert isinstance(outcome.failure, CwsError), outcome.trace.error
    return outcome.failure.code


def test_nothing_is_given_unsealed() -> None:
    outcome = swept(BARS_SEEN)
    assert set(outcome.outputs) == {"sweep", "sweep_curves"}
    assert not any(isinstance(value, Table) for value in outcome.outputs.values())


def test_one_set_is_the_panel_engine_with_one_symbol() -> None:
    # Long or flat without leverage: a weight of one held, or of nothing, is all the cash or none.
    own = BARS_SEEN[BARS_SEEN["symbol"] == "AAA.XNYS"].reset_index(drop=True)
    free = {"fee_bps": 0.0, "half_spread_bps": 0.0, "slippage_bps": 0.0, "borrow_bps_per_bar": 0.0}
    grid = {"grid": "fast_bars 5, slow_bars 20", "below": "flat", "fill_on": "close", "curve_sets": 1}
    curve = tables(swept(own, **free, **grid))["sweep_curves"]["equity_usd"].to_numpy()
    signal = run(bind(load("ma_cross"), {"fast_bars": 5, "slow_bars": 20}), {"bars": make_table(own, BARS, "test")})
    value = signal.outputs["signal"].frame["value"]  # type: ignore[union-attr]
    held = pd.Series(np.sign(value)).replace(0.0, np.nan).ffill().fillna(0.0).clip(lower=0.0).shift(1, fill_value=0.0)
    growth = own["close"].pct_change().fillna(0.0)
    # What was decided at t - 1 fills at the close of t, so it earns from t + 1 on.
    expected = 1e6 * (1.0 + held.shift(1, fill_value=0.0) * growth).cumprod()
    np.testing.assert_allclose(curve, expected, rtol=1e-9)
    assert held.diff().abs().sum() > 3


def test_symbols_and_sets_do_not_meet() -> None:
    whole = tables(swept(BARS_SEEN, rule="donchian", grid="high_bars 5 20, low_bars 10"))["sweep"]
    assert whole["symbol"].nunique() == 4
    for symbol in ("BBB.XNYS", "DDD.XNYS"):
        own = BARS_SEEN[BARS_SEEN["symbol"] == symbol].reset_index(drop=True)
        alone = tables(swept(own, rule="donchian", grid="high_bars 20, low_bars 10"))["sweep"]
        both = whole[(whole["symbol"] == symbol) & (whole["first"] == 20.0)].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone.drop(columns="set"), both.drop(columns="set"), check_exact=True)


@pytest.mark.parametrize(
    ("rule", "grid"),
    [
        ("rsi_bands", "bars 2..6 by 2, oversold 20.5 30, overbought 70"),
        ("z_reversion", "bars 10 20, exit_score 0 0.5, entry_score 1..2 by 0.5"),
    ],
)
def test_rules_with_levels(rule: str, grid: str) -> None:
    table = tables(swept(BARS_SEEN, rule=rule, grid=grid, sizing="volatility"))["sweep"]
    assert table["third"].notna().all()
    assert (table["order_count"] > 0).mean() > 0.5


def test_a_volatility_stake_is_smaller_when_prices_move_more() -> None:
    calm = tables(swept(BARS_SEEN, sizing="volatility", target_vol_per_bar=0.002, max_stake=4.0))["sweep"]
    whole = tables(swept(BARS_SEEN))["sweep"]
    assert (calm["turnover_usd"].sum() < 0.5 * whole["turnover_usd"].sum()) and calm["turnover_usd"].sum() > 0.0


def test_a_stake_is_the_target_over_recent_volatility() -> None:
    close = np.array([100.0, 101.0, 101.0, 100.0])
    returns = close[1:] / close[:-1] - 1.0
    second = (0.75 * returns[0] ** 2 + 0.25 * returns[1] ** 2) ** 0.5
    stake = volatility_scale(close, 0.005, 0.25, 0.55)
    np.testing.assert_allclose(stake[:3], [np.nan, 0.5, 0.55], rtol=1e-12)
    np.testing.assert_allclose(volatility_scale(close, 0.005, 0.25, 9.0)[2], 0.005 / second, rtol=1e-12)
    assert np.isnan(volatility_scale(np.ones(4), 0.005, 0.25, 9.0)).all()


def test_curves_are_of_the_best_sharpe_ratios() -> None:
    found = tables(swept(BARS_SEEN, curve_sets=2))
    for symbol, own in found["sweep"].groupby("symbol"):
        best = set(own.nlargest(2, "sharpe_per_bar")["set"])
        curve = found["sweep_curves"]
        assert set(curve.loc[curve["symbol"] == symbol, "set"]) == best


@pytest.mark.parametrize("cost", ["fee_bps", "half_spread_bps", "slippage_bps", "borrow_bps_per_bar"])
def test_each_cost_is_paid_and_no_other(cost: str) -> None:
    # One order, short from the first decision on: what is lost says which cost was paid, and how much of it.
    own = BARS_SEEN[BARS_SEEN["symbol"] == "AAA.XNYS"].head(60).reset_index(drop=True)
    falling = own.assign(open=100.0, close=100.0 - 0.001 * np.arange(60))
    free = dict.fromkeys(("fee_bps", "half_spread_bps", "slippage_bps", "borrow_bps_per_bar"), 0.0)
    grid = {"grid": "fast_bars 2, slow_bars 5", "curve_sets": 0}
    paid, whole = (tables(swept(falling, **{**free, cost: c}, **grid))["sweep"].loc[0] for c in (50.0, 0.0))
    assert whole["order_count"] == paid["order_count"] == 1
    share = 1.0 - paid["final_usd"] / whole["final_usd"]
    expected = 0.005 * 55 if cost == "borrow_bps_per_bar" else 0.005
    assert share == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("price", [0.0, -5.0, np.inf])
def test_a_price_that_is_none_is_refused(price: float) -> None:
    bars = BARS_SEEN.copy()
    bars.loc[17, "close"] = price
    assert code_of(swept(bars)) == "CWS-BACKTEST-020"


def test_missing_bars_are_left_out() -> None:
    bars = BARS_SEEN.copy()
    hole = bars["symbol"] == "BBB.XNYS"
    bars.loc[hole, "close"] = np.nan
    bars.loc[[3, 4, 9], "open"] = np.nan
    table = tables(swept(bars))["sweep"].set_index("symbol")
    assert (table.loc["BBB.XNYS", "bar_count"] == 0).all() and (table.loc["BBB.XNYS", "final_usd"] == 1e6).all()
    dropped = tables(swept(BARS_SEEN.drop(index=[3, 4, 9]).reset_index(drop=True)))["sweep"].set_index("symbol")
    pd.testing.assert_frame_equal(table.loc[["AAA.XNYS"]], dropped.loc[["AAA.XNYS"]], check_exact=True)


@pytest.mark.parametrize("rows", [0, 1])
def test_no_bars_and_one_bar(rows: int) -> None:
    table = tables(swept(BARS_SEEN.head(rows)))["sweep"]
    assert (table["final_usd"] == 1e6).all() and table["sharpe_per_bar"].isna().all()


@pytest.mark.parametrize(
    ("grid", "code"),
    [
        ("fast_bars 5", "CWS-BACKTEST-021"),
        ("fast_bars 5, slow_bars 20, fast_bars 6", "CWS-BACKTEST-021"),
        ("fast_bars five, slow_bars 20", "CWS-BACKTEST-021"),
        ("fast_bars 9..5, slow_bars 20", "CWS-BACKTEST-021"),
        ("fast_bars 1..2 by 0, slow_bars 20", "CWS-BACKTEST-021"),
        ("fast_bars 0..9999999999 by 0.001, slow_bars 20", "CWS-BACKTEST-021"),
        ("", "CWS-BACKTEST-021"),
        ("fast_bars 1..2000, slow_bars 1..2000", "CWS-BACKTEST-022"),
        ("fast_bars 0, slow_bars 20", "CWS-BACKTEST-023"),
        ("fast_bars 2.5, slow_bars 20", "CWS-BACKTEST-023"),
    ],
)
def test_a_grid_that_says_nothing_is_refused(grid: str, code: str) -> None:
    assert code_of(swept(BARS_SEEN, grid=grid)) == code


@given(counts=st.lists(st.integers(1, 7), min_size=2, max_size=3))
def test_a_grid_is_all_combinations(counts: list[int]) -> None:
    names = ("a", "b", "c")[: len(counts)]
    text = ", ".join(f"{name} 0.1..{count / 10:.1f} by 0.1" for name, count in zip(names, counts, strict=True))
    values = parse_grid(text, names)
    assert [len(column) for column in values] == counts
    sets = sets_of(values, np.arange(size(values)))
    assert len({tuple(column) for column in sets.T}) == size(values) == np.prod(counts)


def test_rule_alpha_gives_the_best_sets_curves() -> None:
    grid = "n 2..8 by 2, x -0.5 0 0.5, enter 0.5 1, exit 0 0.25"
    found = tables(swept(BARS_SEEN, rule="alpha", formula="cs_z(-delta(close, $n)) + $x", grid=grid, curve_sets=2))
    for symbol, own in found["sweep"].groupby("symbol"):
        assert len(own) == 48 and (own["order_count"] > 0).mean() > 0.5
        curve = found["sweep_curves"]
        assert set(curve.loc[curve["symbol"] == symbol, "set"]) == set(own.nlargest(2, "sharpe_per_bar")["set"])
    assert found["sweep"][["fourth"]].notna().all(axis=None) and found["sweep"]["fifth"].isna().all()


def test_what_comes_later_changes_no_value_of_before() -> None:
    told = {"rule": "alpha", "formula": "cs_rank(close / tmean(close, $n))", "grid": "n 5, enter 0.1, exit 0"}
    whole = tables(swept(BARS_SEEN, **told, curve_sets=1))["sweep_curves"]
    stamps = np.sort(BARS_SEEN["ts_event"].unique())[:150]
    early = BARS_SEEN[BARS_SEEN["ts_event"].isin(stamps)].reset_index(drop=True)
    seen = tables(swept(early, **told, curve_sets=1))["sweep_curves"]
    expected = whole[whole["ts_event"].isin(stamps)].reset_index(drop=True)
    pd.testing.assert_frame_equal(seen, expected, check_exact=True)
    assert seen["equity_usd"].nunique() > 100


LONG = {
    "ma_cross": "fast_bars 500, slow_bars 600",
    "donchian": "high_bars 500, low_bars 600",
    "rsi_bands": "bars 500, oversold 30, overbought 70",
    "z_reversion": "bars 500, exit_score 0, entry_score 1",
    "alpha": "n 500, enter 0, exit 0",
}


@pytest.mark.parametrize("rule", LONG)
def test_bad_bars_of_every_rule(rule: str) -> None:
    formula = "tmean(volume * ret, $n)" if rule == "alpha" else ""
    told = {"rule": rule, "formula": formula, "sizing": "volatility"}
    # Windows longer than the data decide nothing; so do columns without a number, and there may be no bars at all.
    assert (tables(swept(BARS_SEEN, **told, grid=LONG[rule]))["sweep"]["order_count"] == 0).all()
    short = LONG[rule].replace("500", "5").replace("600", "6")
    for rows in (0, 1, 2):
        table = tables(swept(BARS_SEEN.head(rows), **told, grid=short))["sweep"]
        assert len(table) == min(rows, 1) and (table["final_usd"] == 1e6).all()
    none = BARS_SEEN.assign(close=np.nan)
    assert (tables(swept(none, **told, grid=short))["sweep"]["bar_count"] == 0).all()
    for price in (0.0, -1.0, np.inf):
        wrong = BARS_SEEN.copy()
        wrong.loc[50, "open"] = price
        assert code_of(swept(wrong, **told, grid=short)) == "CWS-BACKTEST-020"


def test_a_column_without_numbers_or_with_infinite_ones_decides_as_declared() -> None:
    told = {"rule": "alpha", "formula": "volume * $x", "grid": "x 1, enter 1, exit 0"}
    table = tables(swept(BARS_SEEN.assign(volume=np.nan), **told))["sweep"]
    assert (table["order_count"] == 0).all()
    # What is infinite is above any threshold: bought once and held.
    held = tables(swept(BARS_SEEN, **{**told, "formula": "volume / (close - close) * $x"}))["sweep"]
    assert (held["order_count"] == 1).all()


@pytest.mark.parametrize(
    ("formula", "grid", "code"),
    [
        ("", "enter 1, exit 0", "CWS-BACKTEST-024"),
        ("$a + $b + $c + $d + $e", "a 1, b 1, c 1, d 1, e 1, enter 1, exit 0", "CWS-BACKTEST-025"),
        ("close * $enter", "enter 1, exit 0", "CWS-BACKTEST-025"),
        ("close * $x", "enter 1, exit 0", "CWS-BACKTEST-021"),
        ("close * $x", "x 1, y 2, enter 1, exit 0", "CWS-BACKTEST-021"),
        ("close * $x", "x 1, enter 1", "CWS-BACKTEST-021"),
        ("tmean(close, $n)", "n 1..2 by 0.5, enter 1, exit 0", "CWS-BACKTEST-023"),
        ("tmean(close, $n)", "n 0..9, enter 1, exit 0", "CWS-BACKTEST-023"),
        ("tmean(close, $n)", "n 2521, enter 1, exit 0", "CWS-BACKTEST-023"),
        ("delay(close, $n)", "n -1..3, enter 1, exit 0", "CWS-BACKTEST-023"),
        ("close +", "enter 1, exit 0", "CWS-ALPHA-001"),
        ("closed * 2", "enter 1, exit 0", "CWS-ALPHA-002"),
        ("delay(close, -1)", "enter 1, exit 0", "CWS-ALPHA-003"),
        ("close > open", "enter 1, exit 0", "CWS-ALPHA-003"),
        ("(" * 60 + "close" + ")" * 60, "enter 1, exit 0", "CWS-ALPHA-004"),
        ("vwap * $x", "x 1, enter 1, exit 0", "CWS-ALPHA-005"),
        ("clip(close, $low, $high)", "low 0..5, high 4..9, enter 1, exit 0", "CWS-ALPHA-006"),
        (" + ".join(f"tmean(close * {k}, $n)" for k in range(2, 13)), "n 5 2500, enter 1, exit 0", "CWS-ALPHA-004"),
        ("close * $x", "x 1..2000, enter 1..2000, exit 0", "CWS-BACKTEST-022"),
    ],
)
def test_a_formula_that_cannot_be_swept_is_refused(formula: str, grid: str, code: str) -> None:
    assert code_of(swept(BARS_SEEN, rule="alpha", formula=formula, grid=grid)) == code


def test_a_formula_belongs_to_rule_alpha() -> None:
    assert code_of(swept(BARS_SEEN, formula="close")) == "CWS-BACKTEST-024"


def test_zero_bars_back_are_a_lag() -> None:
    told = {"rule": "alpha", "formula": "close / delay(close, $n) - 1", "grid": "n 0 1, enter 0, exit 0"}
    orders = tables(swept(BARS_SEEN, **told))["sweep"].groupby("first")["order_count"].sum()
    assert orders[0.0] == 0 and orders[1.0] > 100


def test_more_rows_than_a_table_holds_are_for_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_ROWS", 100)
    outcome = swept(BARS_SEEN, grid="fast_bars 1..26, slow_bars 50")
    assert code_of(outcome) == "CWS-BACKTEST-026"
    assert "cws backtest" in str(outcome.failure)
    with pytest.raises(CwsError, match="CWS-SETTINGS-002"):
        swept(BARS_SEEN, max_sets=10_000_000)
