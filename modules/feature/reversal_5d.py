"""Short-term reversal: minus the return over the last `window_bars` bars (Lehmann 1990).

Why minus: a high value is a buy in every signal of this house, and last week's losers are what reversal buys.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module
from modules.examples import bars_example
from modules.panel import by_symbol
from modules.tables import BARS, SIGNAL


class Settings(ModuleSettings):
    window_bars: int = Field(ge=1, le=252, description="bars over which the return is measured")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


@module(takes=BARS, gives=SIGNAL, settings=Settings, example=example)
def reversal_5d(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    past = by_symbol(bars)["close"].shift(settings.window_bars)
    value = -(bars["close"] / past - 1.0)
    return bars[["ts_event", "ts_avail", "symbol"]].assign(value=value)


@reversal_5d.accept
def one_value_per_bar(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The signal has exactly the bars' keys, in their order."""
    keys = ["ts_event", "symbol"]
    return after[keys].equals(before[keys])


@reversal_5d.accept
def warms_up_only_at_the_start(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """Values are missing on each symbol's first `window_bars` bars and nowhere else where closes are known."""
    early = before.groupby("symbol").cumcount() < settings.window_bars
    known = before["close"].notna() & by_symbol(before)["close"].shift(settings.window_bars).notna()
    wrong = (after["value"].isna() & known & ~early) | (after["value"].notna() & early)
    return Check(not wrong.any(), float(wrong.sum()), "0 rows", after[wrong.to_numpy()].head(5))
