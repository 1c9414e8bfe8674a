"""The panel engine against numbers written out by hand, its refusals, and vectorbt on random panels."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from kernels.panel_reference import UnusableBarError, run_panel

ORACLE = Path(__file__).parents[1] / "modules" / "backtest" / "vectorbt_oracle.py"
NAN = float("nan")
CASH_USD = 100_000.0


def oracle():
    spec = importlib.util.spec_from_file_location("vectorbt_oracle", ORACLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ten_bps(quantity: np.ndarray, price: np.ndarray) -> np.ndarray:
    return np.abs(quantity * price) * 10.0 / 1e4


def table(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def test_three_bars_of_two_symbols_by_hand() -> None:
    weights = table([0.5, -0.25], [0.0, NAN], [1.0, 1.0])
    close = table([10.0, 20.0], [12.0, 16.0], [11.0, 18.0])
    opens = table([9.0, 9.0], [10.0, 20.0], [13.0, 17.0])
    run = run_panel(weights, close, opens, 1_000.0, ten_bps)
    # Bar 0 orders 0.5 x 1000 / 10 = 50 and -0.25 x 1000 / 20 = -12.5, filled at the opens 10 and 20 of bar 1:
    # value 500 and -250, costs 0.50 and 0.25, cash 1000 - 500 - 0.50 + 250 - 0.25 = 749.25.
    # Marked at 12 and 16: 749.25 + 600 - 200 = 1149.25. The first symbol is then sold at 13: + 650 - 0.65 = 1398.60,
    # the second held: 1398.60 - 12.5 x 18 = 1173.60. The orders of the last bar are never filled.
    assert run.filled.tolist() == [[0.0, 0.0], [50.0, -12.5], [-50.0, 0.0]]
    assert run.quantity.tolist() == [[0.0, 0.0], [50.0, -12.5], [0.0, -12.5]]
    assert run.turnover_usd.tolist() == [0.0, 750.0, 650.0]
    assert run.cost_usd == pytest.approx([0.0, 0.75, 0.65], rel=1e-15)
    assert run.cash_usd == pytest.approx([1_000.0, 749.25, 1_398.60], rel=1e-15)
    assert run.equity_usd == pytest.approx([1_000.0, 1_149.25, 1_173.60], rel=1e-15)


def test_an_order_on_a_missing_bar_lapses_and_the_last_close_stays_the_mark() -> None:
    weights = table([0.5], [NAN], [0.5], [NAN], [NAN])
    close = table([10.0], [NAN], [10.0], [12.0], [NAN])
    run = run_panel(weights, close, close, 1_000.0, ten_bps)
    assert run.filled[:, 0].tolist() == [0.0, 0.0, 0.0, 50.0, 0.0]
    assert run.mark[:, 0].tolist() == [10.0, 10.0, 10.0, 12.0, 12.0]
    assert run.equity_usd.tolist() == [1_000.0, 1_000.0, 1_000.0, 999.4, 999.4]


def test_a_weight_without_a_close_decides_nothing() -> None:
    fill = table([8.0], [8.0], [8.0])
    run = run_panel(table([0.5], [0.5], [0.5]), table([NAN], [NAN], [8.0]), fill, 1_000.0, ten_bps)
    assert not run.filled.any()


@pytest.mark.parametrize("price", [0.0, -1.0, float("inf")])
@pytest.mark.parametrize("where", ["sizing", "fill", "mark"])
def test_refuses_a_price_that_is_none_where_it_is_needed(price: float, where: str) -> None:
    close, fill = table([10.0], [10.0], [10.0]), table([10.0], [10.0], [10.0])
    bar = {"sizing": 0, "fill": 1, "mark": 2}[where]
    (fill if where == "fill" else close)[bar, 0] = price
    with pytest.raises(UnusableBarError) as refusal:
        run_panel(table([0.5], [NAN], [NAN]), close, fill, 1_000.0, ten_bps)
    assert (refusal.value.reason, refusal.value.bar, refusal.value.column) == ("price", bar, 0)
    assert refusal.value.value == price


def test_a_bad_price_that_nothing_needs_is_no_reason_to_stop() -> None:
    close = table([10.0, 0.0], [10.0, -1.0], [10.0, 5.0])
    run = run_panel(table([0.5, NAN], [NAN, NAN], [NAN, NAN]), close, close, 1_000.0, ten_bps)
    assert run.equity_usd[-1] == 999.5


def test_refuses_an_infinite_weight_and_a_ruined_account() -> None:
    close = table([10.0], [10.0], [40.0], [40.0])
    with pytest.raises(UnusableBarError, match="weight"):
        run_panel(table([NAN], [float("inf")], [NAN], [NAN]), close, close, 1_000.0, ten_bps)
    with pytest.raises(UnusableBarError) as refusal:
        run_panel(table([-1.0], [NAN], [NAN], [NAN]), close, close, 1_000.0, ten_bps)
    assert (refusal.value.reason, refusal.value.bar) == ("ruin", 2)


def test_cash_goes_negative_without_interest() -> None:
    close = table([10.0], [10.0], [11.0])
    run = run_panel(table([3.0], [NAN], [NAN]), close, close, 1_000.0, lambda quantity, price: quantity * price * 0.0)
    assert run.cash_usd.tolist() == [1_000.0, -2_000.0, -2_000.0]
    assert run.equity_usd.tolist() == [1_000.0, 1_000.0, 1_300.0]


def random_panel(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights with holes and both signs (gross <= 0.6), closes with gaps and late listings, fills near the closes."""
    rng = np.random.default_rng(seed)
    bars, symbols = int(rng.integers(2, 120)), int(rng.integers(1, 8))
    close = 50.0 * np.cumprod(1.0 + rng.uniform(-0.03, 0.03, (bars, symbols)), axis=0)
    opens = close * (1.0 + rng.uniform(-0.01, 0.01, (bars, symbols)))
    gap = rng.random((bars, symbols)) < rng.choice([0.0, 0.1, 0.4])
    gap |= np.arange(bars)[:, None] < rng.integers(0, max(1, bars // 2), symbols) * (rng.random(symbols) < 0.4)
    close[gap], opens[gap] = np.nan, np.nan
    weights = rng.uniform(-0.6, 0.6, (bars, symbols)) / symbols
    weights[rng.random((bars, symbols)) < 0.3] = np.nan
    return weights, close, opens


@pytest.mark.parametrize("fill_on", ["open", "close"])
@pytest.mark.parametrize("cost_bps", [0.0, 10.0, 150.0])
def test_agrees_with_vectorbt_on_random_panels(fill_on: str, cost_bps: float) -> None:
    vectorbt_equity = oracle().vectorbt_equity
    for seed in range(20):
        weights, close, opens = random_panel(seed)
        fill = opens if fill_on == "open" else close
        run = run_panel(weights, close, fill, CASH_USD, lambda held, price: np.abs(held * price) * cost_bps / 1e4)
        equity, held = vectorbt_equity(weights, close, fill, CASH_USD, cost_bps)
        assert run.equity_usd == pytest.approx(equity, rel=1e-9), seed
        assert run.quantity == pytest.approx(held, rel=1e-9, abs=1e-9), seed
