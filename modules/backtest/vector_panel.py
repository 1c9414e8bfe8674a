"""Fill target weights at the next bar: long and short in one cash account, with costs.

Why the next bar: a decision uses the close of its own bar, so nothing before the next one can fill it.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.panel_inputs import PanelRun
from modules.backtest.panel_account import (
    cash_from_trades,
    fills_on_grid,
    open_grid,
    prior_marks,
    prior_weights,
    run_account,
)
from modules.backtest.panel_terms import PanelSettings as Settings
from modules.backtest.panel_terms import after_last_close, market_of, prices_paid, terms_of
from modules.contract import Check, module
from modules.examples import bars_example, keyed_example
from modules.panel import KEYS, Grid, grid
from modules.skills.cost import FillCost
from modules.tables import BARS, EQUITY, HOLDINGS, TRADES, WEIGHTS

F64 = NDArray[np.float64]
Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng)
    weights = keyed_example(rng, "weight", 0.2)
    weights["weight"] = weights["weight"].where(rng.random(len(weights)) > 0.2)
    return {"weights": weights, "bars": bars}


def _equity(account: PanelRun, place: Grid) -> pd.DataFrame:
    columns = ("equity_usd", "cash_usd", "cost_usd", "turnover_usd")
    return pd.DataFrame({"ts_event": place.ts_event, **{name: getattr(account, name) for name in columns}})


def _holdings(account: PanelRun, place: Grid, bars: pd.DataFrame) -> pd.DataFrame:
    quantity, price = place.gather(account.quantity), place.gather(account.mark)
    # Nothing held is worth nothing, whatever the price: a symbol may have no mark yet.
    value = np.multiply(quantity, price, out=np.zeros(len(bars)), where=quantity != 0.0)
    return bars[KEYS].assign(quantity=quantity, price=price, value_usd=value)


def _trades(account: PanelRun, place: Grid, price: F64) -> pd.DataFrame:
    bar, column = np.nonzero(account.filled)
    symbol = pd.Series(place.symbols, dtype="str").take(column).reset_index(drop=True)
    fills = {"quantity": account.filled[bar, column], "price": price[bar, column]}
    return pd.DataFrame({"ts_event": place.ts_event[bar], "symbol": symbol, **fills})


@module(takes=(WEIGHTS, BARS), gives=(EQUITY, HOLDINGS, TRADES), settings=Settings, example=example)
def vector_panel(
    weights: pd.DataFrame, bars: pd.DataFrame, settings: Settings, *, cost: Callable[[float], FillCost]
) -> Tables:
    place = open_grid(weights, bars)
    market = market_of(place, weights, bars, settings)
    account = run_account(place, weights, market, terms_of(settings, cost(settings.cost_bps).value_bps))
    trades = _trades(account, place, prices_paid(market, account.mark, settings))
    return _equity(account, place), _holdings(account, place, bars), trades


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
    value = pd.DataFrame(place.spread(after.holdings["value_usd"])).ffill().fillna(0.0).to_numpy()
    if settings.delisting == "liquidate":
        value = value * (1.0 - after_last_close(place.spread(before.bars["close"]))[0])
    scale = after.equity["equity_usd"].to_numpy() + np.cumsum(np.abs(value), axis=1)[:, -1:].ravel()
    total = after.equity["cash_usd"].to_numpy() + np.cumsum(value, axis=1)[:, -1:].ravel()
    gap = np.abs(after.equity["equity_usd"].to_numpy() - total) / scale
    return Check(bool((gap <= 1e-9).all()), float(gap.max(initial=0.0)), "<= 1e-9 of the gross value")


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
