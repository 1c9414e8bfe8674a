"""Refuse bars whose return is an outlier of the returns before it: Hampel's identifier (1974), trailing.

Why against the last accepted close: a spike makes two wild returns, and only the first of them is a wrong price.
Why `max_run_bars`: after that many refusals in a row the new level is believed, or a real jump would end the series.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from modules.contract import Check, ModuleSettings, module
from modules.examples import bars_example
from modules.panel import by_symbol
from modules.refusal import split
from modules.tables import BARS, REFUSED

Scale = Callable[[NDArray[np.float64]], tuple[float, float]]


class Settings(ModuleSettings):
    window_bars: int = Field(ge=5, le=1000, description="accepted returns that the next one is compared with")
    min_bars: int = Field(ge=3, le=1000, description="accepted returns needed before any bar is judged")
    z_max: float = Field(ge=2.0, le=100.0, description="robust z-score above which a return is an outlier")
    min_return: float = Field(ge=0.0, le=10.0, description="a smaller move is never an outlier")
    max_run_bars: int = Field(ge=1, le=100, description="refusals in a row after which the new level is believed")


def example(rng: np.random.Generator) -> pd.DataFrame:
    bars = bars_example(rng, 120)
    bars.loc[[60, 190, 300], "close"] *= np.array([2.0, 0.4, 1.9])
    return bars


def _judge(closes: list[float], settings: Settings, scale: Scale) -> list[bool]:
    """Whether each bar of one symbol is an outlier, in one pass that sees only the past."""
    refused, moves = [False] * len(closes), list[float]()
    anchor, run = math.nan, 0
    for at, close in enumerate(closes):
        move = close / anchor - 1.0 if anchor > 0.0 else math.nan
        if abs(move) > settings.min_return and run < settings.max_run_bars and len(moves) >= settings.min_bars:
            centre, spread = scale(np.array(moves[-settings.window_bars :]))
            refused[at] = abs(move - centre) > settings.z_max * spread
        run = run + 1 if refused[at] else 0
        if not refused[at] and math.isfinite(close):
            anchor = close
            if math.isfinite(move):
                moves.append(move)
    return refused


@module(takes=BARS, gives=(BARS, REFUSED), settings=Settings, example=example)
def hampel_outliers(bars: pd.DataFrame, settings: Settings, *, scale: Scale) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run it behind `split_adjust`: a split is no outlier."""
    outlier = np.zeros(len(bars), dtype=np.bool_)
    for rows in by_symbol(bars).indices.values():
        outlier[rows] = _judge(bars["close"].to_numpy()[rows].tolist(), settings, scale)
    return split(bars, {"outlier": outlier})


@hampel_outliers.accept
def every_row_is_kept_or_refused(before: pd.DataFrame, after: SimpleNamespace) -> Check:
    """The kept bars are the input less the refused rows, unchanged and in order."""
    key = ["source", "row", "symbol"]
    gone = pd.MultiIndex.from_frame(after.refused[key])
    stay = before[~pd.MultiIndex.from_frame(before[key]).isin(gone)].reset_index(drop=True)
    whole = len(after.bars) + len(after.refused)
    return Check(after.bars.equals(stay) and whole == len(before), float(whole), f"= {len(before)} rows")


@hampel_outliers.accept
def no_long_run_is_refused(before: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """No symbol loses one of its first `min_bars` bars, nor more than `max_run_bars` bars in a row."""
    key = ["source", "row", "symbol"]
    gone = pd.Series(~pd.MultiIndex.from_frame(before[key]).isin(pd.MultiIndex.from_frame(after.bars[key])))
    early = gone & (by_symbol(before).cumcount() < settings.min_bars)
    run = gone.groupby([before["symbol"], (~gone).cumsum()]).cumsum()
    longest = int(run.max()) if len(run) else 0
    return Check(not early.any() and longest <= settings.max_run_bars, longest, f"<= {settings.max_run_bars}")


@hampel_outliers.accept
def small_moves_stay(before: pd.DataFrame, after: SimpleNamespace, settings: Settings) -> Check:
    """A bar within `min_return` of the bar before it is refused only when that one was refused as well."""
    key = ["source", "row", "symbol"]
    gone = pd.Series(pd.MultiIndex.from_frame(before[key]).isin(pd.MultiIndex.from_frame(after.refused[key])))
    past = by_symbol(before)["close"].shift()
    alone = gone & ~gone.groupby(before["symbol"]).shift(fill_value=False)
    wrong = alone & ((before["close"] / past - 1.0).abs() <= settings.min_return)
    strangers = len(after.refused) - int(gone.sum())
    measured = float(wrong.sum() + strangers)
    return Check(not wrong.any() and strangers == 0, measured, "0 rows", before[wrong].head(5))
