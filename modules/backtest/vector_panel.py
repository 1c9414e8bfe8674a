"""Fill target weights at the next bar: long and short in one cash account, with costs.

Why the next bar: a decision uses the close of its own bar, so nothing before the next one can fill it.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd

from modules.backtest.panel_account import (
    cash_from_trades,
    fills_on_grid,
    open_grid,
    prior_marks,
    prior_weights,
    run_account,
)
from modules.backtest.panel_tables import Tables, tables_of, unexplained, values_held
from modules.backtest.panel_terms import PanelSettings as Settings
from modules.backtest.panel_terms import after_last_close, market_of, prices_paid, terms_of
from modules.contract import Check, module, no_row
from modules.examples import bars_example, keyed_example
from modules.panel import grid
from modules.skills.cost import FillCost
from modules.tables import BARS, COSTS_BY_KIND, EQUITY, HOLDINGS, TRADES, WEIGHTS


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng)
    weights = keyed_example(rng, "weight", 0.2)
    weights["weight"] = weights["weight"].where(rng.random(len(weights)) > 0.2)
    return {"weights": weights, "bars": bars}


@module(takes=(WEIGHTS, BARS), gives=(EQUITY, HOLDINGS, TRADES, COSTS_BY_KIND), settings=Settings, example=example)
def vector_panel(
    weights: pd.DataFrame, bars: pd.DataFrame, settings: Settings, *, cost: Callable[[float], FillCost]
) -> Tables:
    place = open_grid(weights, bars)
    market = market_of(place, weights, bars, settings)
    account = run_account(place, weights, market, terms_of(settings, cost(settings.cost_bps).value_bps))
    return tables_of(account, place, bars, prices_paid(market, account.mark, settings))


@vector_panel.accept
def cash_moves_by_fills_and_costs_alone(_: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """Cash is the initial cash less the value and the cost of every fill so far, at each bar."""
    expected, scale = cash_from_trades(after.equity, after.trades, settings.initial_cash_usd)
    gap = np.abs(after.equity["cash_usd"].to_numpy() - expected) / scale
    return Check(bool((gap <= 1e-9).all()), float(gap.max(initial=0.0)), "<= 1e-9 of the traded value")


@vector_panel.accept
def holdings_are_the_fills_so_far(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """Each quantity is the sum of its symbol's fills up to that bar."""
    place = grid(before.bars)
    filled = fills_on_grid(after.trades, place)
    scale = 1.0 + place.gather(np.cumsum(np.abs(filled), axis=0))
    gap = np.abs(after.holdings["quantity"].to_numpy() - place.gather(np.cumsum(filled, axis=0))) / scale
    return Check(bool((gap <= 1e-9).all()), float(gap.max(initial=0.0)), "<= 1e-9 of the quantity traded")


@vector_panel.accept
def equity_is_cash_plus_holdings(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """Equity is cash plus every holding at its last known value, or without it once it is closed after its last bar."""
    place = grid(before.bars)
    value = values_held(after.holdings, place.spread(before.bars["close"]), place, settings)
    scale = after.equity["equity_usd"].to_numpy() + np.cumsum(np.abs(value), axis=1)[:, -1:].ravel()
    total = after.equity["cash_usd"].to_numpy() + np.cumsum(value, axis=1)[:, -1:].ravel()
    gap = np.abs(after.equity["equity_usd"].to_numpy() - total) / scale
    return Check(bool((gap <= 1e-9).all()), float(gap.max(initial=0.0)), "<= 1e-9 of the gross value")


@vector_panel.accept
def equity_changes_by_profit_less_costs_by_kind(
    before: SimpleNamespace, after: SimpleNamespace, settings: Settings
) -> Check:
    """Each bar's change of equity is the profit of holdings and fills less the sum of its costs by kind."""
    place = grid(before.bars)
    value = values_held(after.holdings, place.spread(before.bars["close"]), place, settings)
    gap = unexplained(after, value, place.ts_event, settings.initial_cash_usd)
    same_bars = np.array_equal(after.costs_by_kind["ts_event"], place.ts_event)
    return Check(same_bars and bool((gap <= 1e-9).all()), float(gap.max(initial=0.0)), "<= 1e-9 of what is held")


@vector_panel.accept
def each_kind_is_what_its_rate_asks(_: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """Spread is its share of the turnover, borrow is never earned, and a kind without a rate costs nothing."""
    costs, turnover = after.costs_by_kind, after.equity["turnover_usd"].to_numpy()
    spread = costs["half_spread_usd"].to_numpy() * 1e4 - turnover * settings.half_spread_bps
    wrong = ~(np.abs(spread) <= 1e-9 * (1.0 + turnover * 1e4)) | ~(costs["borrow_usd"].to_numpy() >= 0.0)
    rates = {
        "impact_usd": settings.impact_coefficient, "borrow_usd": settings.borrow_rate,
        "interest_usd": max(settings.credit_rate, settings.debit_rate),
    }  # fmt: skip
    for name, rate in rates.items():
        wrong |= (costs[name].to_numpy() != 0.0) & (rate == 0.0)
    return no_row(costs, wrong, "bars")


@vector_panel.accept
def fills_follow_a_decision_by_one_bar(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """Every fill stands one bar after a weight of its symbol (or waited since), at the declared price of that bar."""
    place = grid(before.bars)
    filled = fills_on_grid(after.trades, place) != 0.0
    price = fills_on_grid(after.trades.assign(quantity=after.trades["price"]), place)
    decided = ~np.isnan(prior_weights(before.weights, place))
    if settings.missing_bar == "wait":
        decided = np.maximum.accumulate(decided, axis=0)
    wrong = filled & (~decided | (price != place.spread(before.bars[settings.fill_on])))
    if settings.delisting == "liquidate":
        close = place.spread(before.bars["close"])
        wrong &= ~((after_last_close(close)[1] > 0.0) & (price == prior_marks(close)))
    return Check(not wrong.any() and filled.sum() == len(after.trades), float(wrong.sum()), "0 fills")
