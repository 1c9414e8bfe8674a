"""Buffers that are used again, many accounts in one market, and bad input, in both versions of the panel engine."""

import itertools

import numpy as np
import pytest

from kernels.cpu import panel as cpu
from kernels.panel_inputs import COST_KINDS, Market, PanelRun, Terms, UnusableBarError, panel_buffers
from kernels.reference import panel as reference

NAMES = tuple(PanelRun.__dataclass_fields__)
VERSIONS = pytest.mark.parametrize("engine", [reference, cpu], ids=["reference", "cpu"])


def accounts(seed: int, bars: int, symbols: int, count: int, bad: float) -> tuple[np.ndarray, Market, list[Terms]]:
    """Weights (count, bars, symbols), a market with gaps, a late listing and a delisting, and terms of every kind.

    `bad` is the share of prices and liquidity that are none.
    """
    rng = np.random.default_rng(seed)
    close = 50.0 * np.cumprod(1.0 + rng.uniform(-0.03, 0.03, (bars, symbols)), axis=0)
    opens = close * (1.0 + rng.uniform(-0.01, 0.01, close.shape))
    close[rng.random(close.shape) < 0.1], opens[rng.random(close.shape) < 0.1] = np.nan, np.nan
    close[: bars // 3, 0], close[2 * bars // 3 :, -1] = np.nan, np.nan
    volume, vol = rng.uniform(1e3, 1e5, close.shape), rng.uniform(0.0, 0.05, close.shape)
    for matrix in (close, opens, volume):
        where = rng.random(close.shape) < bad
        matrix[where] = rng.choice([0.0, -1.0, np.inf], where.sum())
    lot = np.array([0.0, 10.0, 0.7] * symbols)[:symbols]
    weights = rng.uniform(-0.8, 0.8, (count, bars, symbols)) / symbols
    weights[rng.random(weights.shape) < 0.3] = np.nan
    kinds = itertools.product(["lapse", "wait"], ["keep", "liquidate"], [0.0, 0.3], [np.inf, 0.3], [0.0, 3.3])
    rules = [
        Terms(1e5, 7.5, spread, impact, 1e-4, 1e-4, 2e-4, 0.2, gross, missing, delisting)
        for missing, delisting, impact, gross, spread in kinds
    ]
    market = Market(np.full(close.shape, np.nan), close, opens, volume, vol, lot)
    return weights, market, [rules[number % len(rules)] for number in range(count)]


def dirty(bars: int, symbols: int) -> PanelRun:
    buffers = panel_buffers(bars, symbols)
    for name in NAMES:
        getattr(buffers, name).fill(7.7)
    return buffers


@VERSIONS
def test_a_run_into_used_buffers_is_the_run_into_fresh_ones(engine) -> None:
    buffers = dirty(40, 3)
    weights, market, terms = accounts(3, 40, 3, 32, 0.0)
    for own, one in zip(weights, terms, strict=True):
        fresh = engine.run_panel(market._replace(weights=own), one)
        again = engine.run_panel(market._replace(weights=own), one, buffers)
        assert all(getattr(again, name) is getattr(buffers, name) for name in NAMES)
        assert {name for name in NAMES if getattr(again, name).tobytes() != getattr(fresh, name).tobytes()} == set()


@VERSIONS
def test_the_first_bar_s_costs_of_an_earlier_run_are_gone(engine) -> None:
    market = Market(np.full((2, 1), np.nan), np.full((2, 1), 10.0), np.full((2, 1), 10.0))
    assert not engine.run_panel(market, Terms(1e3), dirty(2, 1)).costs_usd.any()


@VERSIONS
def test_buffers_that_do_not_fit_are_refused(engine) -> None:
    weights, market, terms = accounts(3, 40, 3, 1, 0.0)
    given = market._replace(weights=weights[0])
    shared = PanelRun(**{**vars(panel_buffers(40, 3)), "quantity": given.weights})
    turned = PanelRun(**{**vars(panel_buffers(40, 3)), "mark": np.zeros((3, 40)).T})
    for wrong in (panel_buffers(39, 3), panel_buffers(40, 2), shared, turned):
        with pytest.raises(ValueError, match="buffers"):
            engine.run_panel(given, terms[0], wrong)


@VERSIONS
def test_accounts_in_one_market_are_the_accounts_alone(engine) -> None:
    weights, market, terms = accounts(5, 30, 4, 6, 0.0)
    together = engine.run_panels(weights, market, terms)
    for own, one, run in zip(weights, terms, together, strict=True):
        alone = reference.run_panel(market._replace(weights=own), one)
        assert all(getattr(run, name).tobytes() == getattr(alone, name).tobytes() for name in NAMES)
    assert engine.run_panels(weights[:0], market, []) == []
    with pytest.raises(ValueError):
        engine.run_panels(weights, market, terms[:-1])


def test_the_accounts_of_these_tests_do_something() -> None:
    weights, market, terms = accounts(1, 40, 3, 32, 0.0)
    runs = reference.run_panels(weights, market, terms)
    assert all(np.count_nonzero(run.filled) > 5 for run in runs)
    assert all(any(run.costs_usd[:, kind].any() for run in runs) for kind in range(len(COST_KINDS)))
    reasons = set()
    for seed in range(12):
        weights, market, terms = accounts(seed, 12, 3, 7, 0.01)
        for own, one in zip(weights, terms, strict=True):
            try:
                reference.run_panel(market._replace(weights=own), one)
            except UnusableBarError as refusal:
                reasons.add(refusal.reason)
    assert reasons >= {"price", "liquidity"}


@VERSIONS
def test_weights_that_are_all_missing_trade_nothing(engine) -> None:
    close = np.full((5, 2), 10.0)
    run = engine.run_panel(Market(np.full((5, 2), np.nan), close, close), Terms(1e3, 10.0))
    assert not run.filled.any() and run.equity_usd.tolist() == [1e3] * 5


@VERSIONS
def test_prices_that_are_all_missing_trade_nothing(engine) -> None:
    close = np.full((5, 2), np.nan)
    run = engine.run_panel(Market(np.full((5, 2), 0.5), close, close), Terms(1e3, delisting="liquidate"))
    assert not run.filled.any() and run.equity_usd.tolist() == [1e3] * 5


@VERSIONS
@pytest.mark.parametrize(("bars", "symbols"), [(0, 0), (0, 3), (1, 0), (4, 0)])
def test_no_bars_or_no_symbols(engine, bars: int, symbols: int) -> None:
    empty = np.empty((bars, symbols))
    run = engine.run_panel(Market(empty, empty, empty), Terms(1e3), panel_buffers(bars, symbols))
    assert run.equity_usd.tolist() == [1e3] * bars and run.filled.shape == (bars, symbols)
