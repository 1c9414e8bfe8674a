"""Volatility as the root of an exponentially weighted mean of squared returns (RiskMetrics 1996).

v[t] = decay * v[t-1] + (1 - decay) * r[t]^2 on each symbol's own bars, started at its first known return; a missing
return repeats the last value. Why no mean: over one bar it is far smaller than its own error.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import ewma
from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import keyed_example
from modules.panel import KEYS, own_bars
from modules.tables import RETURNS, VOL


class Settings(ModuleSettings):
    decay: float = Field(ge=0.5, le=0.999, description="weight of the previous bar's variance (RiskMetrics: lambda)")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return keyed_example(rng, scale=0.02)


@module(takes=RETURNS, gives=VOL, settings=Settings, example=example)
def ewma_vol(returns: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    bars = own_bars(returns)
    value = bars.spread(returns["value"])
    variance = ewma(value * value, 1.0 - settings.decay)
    return returns[KEYS].assign(value=bars.gather(np.sqrt(variance)))


@ewma_vol.accept
def one_value_per_return(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The volatility has exactly the returns' keys, in their order."""
    return after[KEYS].equals(before[KEYS])


@ewma_vol.accept
def between_the_smallest_and_the_largest_return(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """A mean of squares lies between the smallest and the largest so far, and is missing until there is a first."""
    size = before["value"].abs().groupby(before["symbol"], sort=False)
    low, high = (edge.groupby(before["symbol"], sort=False).ffill() for edge in (size.cummin(), size.cummax()))
    inside = (after["value"] >= low * (1.0 - 1e-9)) & (after["value"] <= high * (1.0 + 1e-9))
    wrong = ~inside.where(low.notna(), after["value"].isna())
    return no_row(after, wrong)


@ewma_vol.accept
def the_second_value_mixes_two_returns(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """On the second known return of a symbol the variance is decay * r1^2 + (1 - decay) * r2^2."""
    known = before["value"].notna()
    square = before["value"][known] ** 2
    order = before[known].groupby("symbol", sort=False).cumcount()
    first = square.groupby(before["symbol"][known], sort=False).shift(1)
    mixed = settings.decay * first + (1.0 - settings.decay) * square
    gap = (after["value"][known] ** 2 / mixed - 1.0).abs()[(order == 1) & (mixed > 0.0)]
    worst = float(gap.max()) if len(gap) else 0.0
    return Check(bool((gap <= 1e-9).all()), worst, "relative gap <= 1e-9")
