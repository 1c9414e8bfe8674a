"""Refuse bars that cannot be: missing, infinite or non-positive prices, a body outside its range, negative volume.

Why `carries` is declared, not found: whether a later row has a field says nothing of this one.
Why a tolerance: vendors scale adjusted prices, so a high may lie below its close by the last bit of a float.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.refusal import split
from modules.tables import BARS, REFUSED

PRICES = ["open", "high", "low", "close", "adj_close"]
DEMANDED = {"close": ["close"], "ohlc": PRICES[:4], "ohlcv": PRICES[:4]}


class Settings(ModuleSettings):
    tolerance_price: float = Field(ge=0.0, le=1.0, description="how far the body may leave the range, in price units")
    carries: Literal["close", "ohlc", "ohlcv"] = Field(description="fields that every bar of the source must have")


def example(rng: np.random.Generator) -> pd.DataFrame:
    bars = bars_example(rng, 60)
    wrong = {("close", 3): np.nan, ("open", 5): np.inf, ("low", 8): -1.0, ("high", 9): 1.0, ("low", 70): 1e6}
    for (name, row), value in {**wrong, ("volume", 80): -5.0, ("adj_close", 90): 0.0}.items():
        bars.loc[row, name] = value
    return bars


@module(takes=BARS, gives=(BARS, REFUSED), settings=Settings, example=example)
def bar_sanity(bars: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the source does not carry may be missing, and so may the vendor's adjusted close."""
    prices = {name: bars[name].to_numpy() for name in PRICES}
    volume = bars["volume"].to_numpy()
    low, high = prices["low"], prices["high"]
    upper, lower = np.fmax(prices["open"], prices["close"]), np.fmin(prices["open"], prices["close"])
    with np.errstate(invalid="ignore"):
        rules = {
            "nan_price": np.logical_or.reduce([np.isnan(prices[name]) for name in DEMANDED[settings.carries]]),
            "infinite_price": np.logical_or.reduce([np.isinf(prices[name]) for name in PRICES]),
            "non_positive_price": np.logical_or.reduce([prices[name] <= 0.0 for name in PRICES]),
            "high_below_body": (upper - high > settings.tolerance_price) | (low - high > settings.tolerance_price),
            "low_above_body": low - lower > settings.tolerance_price,
            "nan_volume": np.isnan(volume) & (settings.carries == "ohlcv"),
            "negative_volume": volume < 0.0,
            "infinite_volume": np.isinf(volume),
        }
    return split(bars, rules)


@bar_sanity.accept
def every_row_is_kept_or_refused(before: pd.DataFrame, after: SimpleNamespace) -> Check:
    """Each (source, row, symbol) stands as often in bars and refused together as it came in."""
    key = ["source", "row", "symbol"]
    both = pd.concat([after.bars[key], after.refused[key]]).value_counts().sort_index()
    return Check(both.equals(before[key].value_counts().sort_index()), float(both.sum()), f"= {len(before)} rows")


@bar_sanity.accept
def kept_bars_are_possible(before: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """Every kept bar has what its source carries and a positive finite close; up to the tolerance its extremes are its
    low and its high."""
    bars = after.bars
    span = bars[["open", "high", "low", "close"]]
    above, below = span.max(axis=1) - bars["high"], bars["low"] - span.min(axis=1)
    off = np.fmax(above.to_numpy(), below.to_numpy())
    wrong = (
        ~((bars["close"] > 0.0) & np.isfinite(bars["close"]))
        | (off > settings.tolerance_price)
        | (bars["volume"] < 0.0)
        | bars[DEMANDED[settings.carries]].isna().any(axis=1)
        | (bars["volume"].isna() & (settings.carries == "ohlcv"))
    )
    return no_row(bars, wrong)


@bar_sanity.accept
def kept_bars_are_as_they_came(before: pd.DataFrame, after: SimpleNamespace) -> bool:
    """Judging changes no value and no order: the kept bars are the input less the refused rows."""
    gone = pd.MultiIndex.from_frame(after.refused[["source", "row", "symbol"]])
    stay = ~pd.MultiIndex.from_frame(before[["source", "row", "symbol"]]).isin(gone)
    return after.bars.equals(before[stay].reset_index(drop=True))
