"""Clip returns at `z_max` robust z-scores of the symbol's own trailing returns.

Why clip, not drop: row counts stay equal, so every later join stays aligned. Why a trailing window of one symbol: the
whole column would look ahead, and a cross-section says nothing for one symbol. The scale at a bar comes from bars
before it, and is taken anew every `refresh_bars`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import keyed_example
from modules.panel import by_symbol
from modules.tables import RETURNS

Scale = Callable[[NDArray[np.float64]], tuple[float, float]]


class Settings(ModuleSettings):
    z_max: float = Field(ge=0.5, le=100.0, description="robust z-score at which a return is clipped")
    window_bars: int = Field(ge=5, le=2520, description="bars before this one that give centre and spread")
    min_bars: int = Field(ge=2, le=1000, description="a symbol's first bars, which nothing can be compared with yet")
    refresh_bars: int = Field(ge=1, le=252, description="bars after which centre and spread are taken anew")


def example(rng: np.random.Generator) -> pd.DataFrame:
    returns = keyed_example(rng, scale=0.02, bars=150)
    returns.loc[[80, 300], "value"] = [0.9, -0.7]
    return returns


def _limits(values: NDArray[np.float64], settings: Settings, scale: Scale) -> tuple[NDArray[np.float64], ...]:
    """(low, high) of one symbol's bars: infinite where nothing is clipped (warm-up, or a window without spread)."""
    low, high = np.full(len(values), -np.inf), np.full(len(values), np.inf)
    for start in range(settings.min_bars, len(values), settings.refresh_bars):
        centre, spread = scale(values[max(0, start - settings.window_bars) : start])
        if spread > 0.0 and np.isfinite(spread):
            low[start : start + settings.refresh_bars] = centre - settings.z_max * spread
            high[start : start + settings.refresh_bars] = centre + settings.z_max * spread
    return low, high


@module(takes=RETURNS, gives=RETURNS, settings=Settings, example=example)
def winsorize(returns: pd.DataFrame, settings: Settings, *, scale: Scale) -> pd.DataFrame:
    values = returns["value"].to_numpy().copy()
    for rows in by_symbol(returns).indices.values():
        low, high = _limits(values[rows], settings, scale)
        clipped = np.clip(values[rows], low, high)
        values[rows] = clipped
    return returns.assign(value=values)


@winsorize.accept
def keeps_every_row(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The same keys in the same order, and a value missing exactly where it was."""
    keys = ["ts_event", "ts_avail", "symbol"]
    return after[keys].equals(before[keys]) and after["value"].isna().equals(before["value"].isna())


@winsorize.accept
def clips_only_towards_the_middle(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """No symbol's range grows: clipping only brings extremes nearer."""
    of_symbol = by_symbol(before)["value"]
    low, high = of_symbol.transform("min"), of_symbol.transform("max")
    wrong = (after["value"] < low) | (after["value"] > high)
    return no_row(after, wrong)


@winsorize.accept
def warm_up_is_untouched(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> bool:
    """A symbol's first `min_bars` returns are as they came: there is nothing yet to compare them with."""
    early = by_symbol(before).cumcount() < settings.min_bars
    return after["value"][early].equals(before["value"][early])
