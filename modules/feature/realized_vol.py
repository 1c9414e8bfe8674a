"""Realised volatility: the root of the mean squared return over the last `window_bars` bars (Andersen, Bollerslev).

The window runs over each symbol's own bars, oldest first; a missing return makes the windows that hold it missing.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import rolling_sum
from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import keyed_example
from modules.panel import KEYS, own_bars
from modules.tables import RETURNS, VOL


class Settings(ModuleSettings):
    window_bars: int = Field(ge=1, le=2520, description="bars over which squared returns are summed")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return keyed_example(rng, scale=0.02)


@module(takes=RETURNS, gives=VOL, settings=Settings, example=example)
def realized_vol(returns: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    bars = own_bars(returns)
    value = bars.spread(returns["value"])
    variance = rolling_sum(value * value, settings.window_bars) / settings.window_bars
    return returns[KEYS].assign(value=bars.gather(np.sqrt(variance)))


@realized_vol.accept
def one_value_per_return(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The volatility has exactly the returns' keys, in their order."""
    return after[KEYS].equals(before[KEYS])


@realized_vol.accept
def known_where_the_window_is_full(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """A value stands exactly where the last `window_bars` returns of the symbol are all known."""
    seen = before["value"].notna().astype("int64").groupby(before["symbol"], sort=False).cumsum()
    earlier = seen.groupby(before["symbol"], sort=False).shift(settings.window_bars, fill_value=0)
    wrong = (seen - earlier == settings.window_bars) != after["value"].notna()
    return no_row(after, wrong)


@realized_vol.accept
def sums_telescope(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """From one bar to the next the sum of squares gains the newest square and loses the oldest."""
    symbol, square = before["symbol"], before["value"] ** 2
    total = after["value"] ** 2 * settings.window_bars
    gained = square - square.groupby(symbol, sort=False).shift(settings.window_bars)
    previous = total.groupby(symbol, sort=False).shift(1)
    scale = 1e-9 * (total + previous + square)
    gap = (total - previous - gained).abs()
    wrong = (gap > scale) & (after["value"] >= 0.0) | (after["value"] < 0.0)
    return no_row(after, wrong)
