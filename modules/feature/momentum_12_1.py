"""Skip-month momentum: the return from `lookback_bars` ago to `skip_bars` ago (Jegadeesh & Titman 1993).

Why skip: over the last month returns reverse, which would work against the momentum of the eleven months before.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.panel import KEYS, by_symbol
from modules.tables import BARS, SIGNAL


class Settings(ModuleSettings):
    # The bounds do not meet, so the window is never empty.
    lookback_bars: int = Field(ge=63, le=2520, description="bars from the start of the window to the bar itself")
    skip_bars: int = Field(ge=0, le=62, description="most recent bars that are left out")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


@module(takes=BARS, gives=SIGNAL, settings=Settings, example=example)
def momentum_12_1(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    close = by_symbol(bars)["close"]
    start, end = close.shift(settings.lookback_bars), close.shift(settings.skip_bars)
    return bars[KEYS].assign(value=end / start - 1.0)


@momentum_12_1.accept
def one_value_per_bar(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The signal has exactly the bars' keys, in their order."""
    return after[KEYS].equals(before[KEYS])


@momentum_12_1.accept
def leads_from_start_to_end(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """The close at a window's first bar, grown by the signal `lookback_bars` later, is the close at its end."""
    symbols = before["symbol"].to_numpy()
    close, value = before["close"].to_numpy(), after["value"].to_numpy()
    start = np.arange(max(len(before) - settings.lookback_bars, 0))
    start = start[symbols[start] == symbols[start + settings.lookback_bars]]
    now = start + settings.lookback_bars
    end = close[now - settings.skip_bars]
    gap = np.abs(close[start] * (1.0 + value[now]) - end)
    wrong = ~(gap <= 1e-9 * np.abs(end)) & ~np.isnan(close[start]) & ~np.isnan(end)
    return Check(not wrong.any(), float(wrong.sum()), "0 rows", after.iloc[now[wrong]].head(5))


@momentum_12_1.accept
def warms_up(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """No value is known on a symbol's first `lookback_bars` bars."""
    early = before.groupby("symbol").cumcount() < settings.lookback_bars
    wrong = early & after["value"].notna()
    return no_row(after, wrong)
