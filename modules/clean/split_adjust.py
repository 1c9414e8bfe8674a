"""Splits implied by the vendor's Close/Adj Close ratio, and prices and volumes made comparable over them, as of a date.

Why `anchor`: back-adjusted prices (`last`) are what vendors quote, but every new split rewrites the past; forward
prices (`first`) never change once known, so a strategy that uses them cannot see the future by their scale.
Volume is divided by what prices are multiplied by: both count a unit of the adjusted series; the product is money.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.clean.price_factors import (
    DIVIDENDS,
    F64,
    PRICES,
    SPLITS,
    actions_example,
    actions_frame,
    anchor_rows,
    cumulative,
    in_units_of_the_series,
    ratio_jumps,
    traded_value_is_conserved,
)
from modules.contract import Check, ModuleSettings, module
from modules.tables import ACTIONS, BARS

_WHOLE = [float(n) for n in range(2, 21)]
# New shares per old one that count as a split: n:1, 1:n, 3:2, 2:3.
RATIOS = np.array(sorted([*_WHOLE, *(1.0 / n for n in _WHOLE), 1.5, 1.0 / 1.5]))


class Settings(ModuleSettings):
    tolerance: float = Field(
        ge=0.0, le=0.02, description="relative distance from a split's ratio, for vendors' rounding"
    )
    min_move: float = Field(ge=0.01, le=0.5, description="a ratio nearer to one than this is no split")
    as_of_ns: int = Field(ge=0, le=2**63 - 1, description="later ex-dates are not applied; 2^63 - 1 is all")
    anchor: Literal["last", "first"] = Field(description="the bar whose price stays as quoted")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return actions_example(rng, (*SPLITS, *DIVIDENDS))


def _splits(bars: pd.DataFrame, settings: Settings) -> F64:
    """New shares per old at each bar: exactly a ratio of RATIOS on an ex-date, else 1."""
    jump = ratio_jumps(bars)
    nearest = RATIOS[np.abs(jump[:, None] / RATIOS[None, :] - 1.0).argmin(axis=1)] if len(jump) else jump
    with np.errstate(invalid="ignore"):
        split = (np.abs(jump / nearest - 1.0) <= settings.tolerance) & (np.abs(jump - 1.0) > settings.min_move)
    return np.where(split & (bars["ts_event"].to_numpy() <= settings.as_of_ns), nearest, 1.0)


@module(takes=BARS, gives=(BARS, ACTIONS), settings=Settings, example=example)
def split_adjust(bars: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Takes bars sorted by (symbol, ts_event). `adj_close` stays the vendor's; without it nothing is adjusted."""
    ratio = _splits(bars, settings)
    factor = cumulative(ratio, bars, settings.anchor)
    return in_units_of_the_series(bars, factor), actions_frame(bars, ratio != 1.0, "split", ratio, np.zeros(len(bars)))


@split_adjust.accept
def turnover_is_conserved(before: pd.DataFrame, after: SimpleNamespace) -> Check:
    """A split moves no money: close x volume of every bar is as before, to rounding."""
    return traded_value_is_conserved(before, after.bars)


@split_adjust.accept
def the_anchor_is_as_quoted(before: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> bool:
    """Keys and order stay, and each symbol's first or last bar keeps its prices."""
    rows, keys = anchor_rows(before, settings.anchor), ["ts_event", "ts_avail", "symbol", "source", "row", "adj_close"]
    return after.bars[keys].equals(before[keys]) and after.bars[PRICES][rows].equals(before[PRICES][rows])


@split_adjust.accept
def splits_are_known_and_explain_the_jumps(before: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """Every action is a split known as of the date, and it takes the jump of the close over the vendor's adjusted close
    away: the close moves as `adj_close` does, within tolerance and `min_move`."""
    actions = after.actions
    known = (actions["kind"] == "split") & (actions["ts_event"] <= settings.as_of_ns) & (actions["amount"] == 0.0)
    at = before[["symbol", "ts_event"]].reset_index().merge(actions[["symbol", "ts_event", "ratio"]])
    left = np.abs(ratio_jumps(after.bars)[at["index"]] - 1.0)
    was = np.abs(ratio_jumps(before)[at["index"]] / at["ratio"].to_numpy() - 1.0)
    passed = known.all() and len(at) == len(actions) and (was <= settings.tolerance).all()
    return Check(bool(passed and (left <= 2.0 * settings.tolerance + 1e-12).all()), float(len(at)), "all explained")
