"""Simple returns of each symbol from its previous bar: close / close[-1] - 1.

Why simple, not logarithmic: the return of a portfolio is the weighted sum of its members' simple returns.
"""

import numpy as np
import pandas as pd

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.panel import KEYS, by_symbol
from modules.tables import BARS, RETURNS


class Settings(ModuleSettings):
    """Nothing to choose: a return over more than one bar is a signal, not a return."""


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


@module(takes=BARS, gives=RETURNS, settings=Settings, example=example)
def returns(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    previous = by_symbol(bars)["close"].shift(1)
    return bars[KEYS].assign(value=bars["close"] / previous - 1.0)


@returns.accept
def one_value_per_bar(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The returns have exactly the bars' keys, in their order."""
    return after[KEYS].equals(before[KEYS])


@returns.accept
def compounds_to_the_price(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """Compounding all returns from a symbol's first close leads to its every close where all closes are known."""
    close = before["close"].groupby(before["symbol"], sort=False)
    whole = before["close"].notna().groupby(before["symbol"], sort=False).cummin().astype(bool)
    growth = (1.0 + after["value"].fillna(0.0)).groupby(before["symbol"], sort=False).cumprod()
    gap = ((close.transform("first") * growth / before["close"] - 1.0).abs()).where(whole, 0.0)
    wrong = ~(gap <= 1e-9) & (before["close"] != 0.0)
    return Check(not wrong.any(), float(gap.max()), "relative gap <= 1e-9", after[wrong.to_numpy()].head(5))


@returns.accept
def missing_only_at_the_start_and_at_holes(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """A return is missing exactly on a symbol's first bar and where one of its two closes is missing."""
    first = before["symbol"] != before["symbol"].shift(1)
    expected = first | before["close"].isna() | before["close"].shift(1).isna()
    wrong = after["value"].isna() != expected
    return no_row(after, wrong)
