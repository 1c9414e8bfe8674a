"""Moving-average cross: fast mean of closes / slow mean of closes - 1 (Brock, Lakonishok & LeBaron 1992).

The means run over each symbol's own bars, oldest first; a missing close makes the windows that hold it missing.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import rolling_mean
from modules.contract import Check, ModuleSettings, module, no_row
from modules.errors import CwsError
from modules.examples import bars_example
from modules.panel import KEYS, own_bars
from modules.tables import BARS, SIGNAL


class Settings(ModuleSettings):
    fast_bars: int = Field(ge=1, le=252, description="bars of the fast mean")
    slow_bars: int = Field(ge=2, le=2520, description="bars of the slow mean; more than the fast mean's")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


def _refuse_swapped(settings: Settings) -> None:
    if settings.fast_bars >= settings.slow_bars:
        raise CwsError(
            "CWS-FEATURE-001",
            what=f"fast_bars {settings.fast_bars} is not below slow_bars {settings.slow_bars}",
            where="settings of ma_cross",
            fix="choose fast_bars < slow_bars",
        )


@module(takes=BARS, gives=SIGNAL, settings=Settings, example=example)
def ma_cross(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    _refuse_swapped(settings)
    own = own_bars(bars)
    close = own.spread(bars["close"])
    value = rolling_mean(close, settings.fast_bars) / rolling_mean(close, settings.slow_bars) - 1.0
    return bars[KEYS].assign(value=own.gather(value))


@ma_cross.accept
def one_value_per_bar(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The signal has exactly the bars' keys, in their order."""
    return after[KEYS].equals(before[KEYS])


@ma_cross.accept
def known_where_the_slow_window_is_full(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """A value stands exactly where the last `slow_bars` closes of the symbol are all known."""
    seen = before["close"].notna().astype("int64").groupby(before["symbol"], sort=False).cumsum()
    earlier = seen.groupby(before["symbol"], sort=False).shift(settings.slow_bars, fill_value=0)
    wrong = (seen - earlier == settings.slow_bars) != after["value"].notna()
    return no_row(after, wrong)


@ma_cross.accept
def is_the_ratio_of_summed_closes(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """On each symbol's first full slow window the signal is what differences of running totals give."""
    close = before["close"].groupby(before["symbol"], sort=False)
    total = close.cumsum()
    number = close.cumcount()
    row = (number == settings.slow_bars - 1) & after["value"].notna()
    earlier = total.groupby(before["symbol"], sort=False).shift(settings.fast_bars)
    expected = (total - earlier) / settings.fast_bars / (total / settings.slow_bars) - 1.0
    gap = (after["value"] - expected).abs()[row]
    worst = float(gap.max()) if len(gap) else 0.0
    return Check(bool((gap <= 1e-9).all()), worst, "gap <= 1e-9")


@ma_cross.accept
def stays_within_what_positive_prices_allow(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """The fast window is part of the slow one, so for positive closes the ratio lies between 0 and slow / fast."""
    ratio = (after["value"] + 1.0).where((before["close"] > 0.0).groupby(before["symbol"], sort=False).cummin())
    wrong = (ratio <= 0.0) | (ratio > settings.slow_bars / settings.fast_bars * (1.0 + 1e-9))
    return no_row(after, wrong)
