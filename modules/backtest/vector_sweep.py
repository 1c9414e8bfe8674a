"""Every parameter set of a rule on every symbol, each an account of its own: the figures of all, the curves of a few.

Decisions fill at the next bar, with fee, half spread, slippage and borrow. What it gives is sealed like any backtest:
looking at a thousand sets is a thousand looks, and the deflated Sharpe ratio must know of them.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.cpu.sweep import curves
from kernels.sweep_features import RULES
from kernels.sweep_inputs import FIGURES, Market, Terms
from kernels.sweep_stream import stream
from modules.backtest.parameter_grid import chunks, parse_sets
from modules.backtest.sweep_market import markets, volatility_scale
from modules.backtest.sweep_tables import PARAMETERS, curves_table, figures_table, no_curves
from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.tables import BARS, SWEEP, SWEEP_CURVES


class Settings(ModuleSettings):
    rule: Literal["ma_cross", "donchian", "rsi_bands", "z_reversion"] = Field(description="how a side is decided")
    grid: str = Field(max_length=500, description="each parameter's values: fast_bars 5..50 by 5, slow_bars 60 120")
    max_sets: int = Field(ge=1, le=10_000_000, description="more parameter sets than this are refused")
    initial_cash_usd: float = Field(ge=1_000.0, le=1e12, description="cash of each account before the first bar")
    fill_on: Literal["open", "close"] = Field(description="price of the next bar at which orders fill")
    below: Literal["short", "flat"] = Field(description="the side of a sell signal")
    sizing: Literal["all", "volatility"] = Field(description="stake all cash, or target over recent volatility")
    target_vol_per_bar: float = Field(ge=1e-5, le=1.0, description="deviation of a bar's return that a stake aims at")
    vol_weight: float = Field(ge=0.001, le=1.0, description="weight of the newest squared return in the volatility")
    max_stake: float = Field(ge=0.01, le=4.0, description="largest stake, as a share of the account's cash")
    fee_bps: float = Field(ge=0.0, le=1_000.0, description="fee in hundredths of a per cent of the traded value")
    half_spread_bps: float = Field(ge=0.0, le=1_000.0, description="half of bid to ask, of the price")
    slippage_bps: float = Field(ge=0.0, le=1_000.0, description="further loss against the price")
    borrow_bps_per_bar: float = Field(ge=0.0, le=100.0, description="paid each bar on the value sold short")
    curve_sets: int = Field(ge=0, le=100, description="curves of so many sets a symbol, the best Sharpe ratios first")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


def _terms(settings: Settings) -> Terms:
    return Terms(
        initial_usd=settings.initial_cash_usd,
        fee=settings.fee_bps / 1e4,
        half_spread=settings.half_spread_bps / 1e4,
        slippage=settings.slippage_bps / 1e4,
        borrow_per_bar=settings.borrow_bps_per_bar / 1e4,
        short_side=-1.0 if settings.below == "short" else 0.0,
    )


def _staked(market: Market, settings: Settings) -> Market:
    if settings.sizing == "all":
        return market
    aim = (settings.target_vol_per_bar, settings.vol_weight, settings.max_stake)
    return market._replace(scale=volatility_scale(market.close, *aim))


@module(takes=BARS, gives=(SWEEP, SWEEP_CURVES), settings=Settings, example=example)
def vector_sweep(bars: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    values = parse_sets(settings.grid, settings.rule, settings.max_sets)
    sets, terms = np.concatenate(list(chunks(values)), axis=1), _terms(settings)
    tables, shown = [figures_table("", 0, sets[:, :0], np.empty((0, len(FIGURES))))], [no_curves()]
    for symbol, stamps, whole in markets(bars, settings.fill_on):
        market = _staked(whole, settings)
        figures = np.concatenate(list(stream(settings.rule, chunks(values), market, terms)))
        tables.append(figures_table(symbol, len(stamps), sets, figures))
        # Equal ratios go by the number of the set, and sets without a ratio come last.
        best = np.sort(np.argsort(-figures[:, 1], kind="stable")[: settings.curve_sets]).astype(np.int64)
        features, lanes = RULES[settings.rule].features(market.close, sets[:, best])
        own = curves(settings.rule, features, lanes, market, terms, np.arange(len(best), dtype=np.int64))
        shown.append(curves_table(symbol, stamps, best, own))
    return pd.concat(tables, ignore_index=True), pd.concat(shown, ignore_index=True)


@vector_sweep.accept
def every_symbol_has_every_set(before: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """Each symbol stands with all the grid's sets, numbered from 0, and with the same parameters as any other."""
    sets = np.concatenate(list(chunks(parse_sets(settings.grid, settings.rule, settings.max_sets))), axis=1)
    symbols = sorted(set(before["symbol"]))
    expected = pd.DataFrame(
        {"symbol": np.repeat(symbols, sets.shape[1]), "set": np.tile(np.arange(sets.shape[1]), len(symbols))}
    )
    given = after.sweep[list(PARAMETERS[: len(sets)])].to_numpy()
    same = list(after.sweep["symbol"]) == list(expected["symbol"]) and list(after.sweep["set"]) == list(expected["set"])
    passed = same and np.array_equal(given, np.tile(sets.T, (len(symbols), 1)))
    return Check(passed, float(abs(len(after.sweep) - len(expected))), f"0 sets away from {len(expected)}")


@vector_sweep.accept
def who_orders_nothing_keeps_the_cash(_: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """Turnover needs orders, orders need bars, and without an order the account is worth its cash to the cent."""
    table, idle = after.sweep, after.sweep["order_count"] == 0
    moved = (table["final_usd"] != settings.initial_cash_usd) | (table["max_drawdown"] != 0.0)
    wrong = idle & (moved | (table["turnover_usd"] != 0.0))
    wrong |= ~table["order_count"].between(0, (table["bar_count"] - 1).clip(lower=0))
    return no_row(table, wrong | (table["turnover_usd"] < 0.0) | ~table["max_drawdown"].between(-1.0, 0.0))


@vector_sweep.accept
def curves_end_and_sink_as_the_figures_say(_: pd.DataFrame, after: SimpleNamespace) -> Check:
    """Each curve ends at its set's final value, and its deepest fall from a peak is the drawdown."""
    curve = after.sweep_curves.groupby(["symbol", "set"], sort=False)["equity_usd"]
    fall = (after.sweep_curves["equity_usd"] / curve.cummax() - 1.0).groupby(
        [after.sweep_curves["symbol"], after.sweep_curves["set"]], sort=False
    )
    told = after.sweep.set_index(["symbol", "set"])[["final_usd", "max_drawdown"]].reindex(curve.last().index)
    wrong = (curve.last() != told["final_usd"]) | ~((fall.min() - told["max_drawdown"]).abs() <= 1e-9)
    return no_row(told.reset_index(), wrong)
