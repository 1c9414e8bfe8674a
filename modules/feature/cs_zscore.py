"""Standardise a signal across symbols at each stamp: (value - mean) / sample standard deviation.

Sums run over symbols in ascending order. Where all known values are equal, or only one is known, the score is 0.
"""

import numpy as np
import pandas as pd

from kernels.cross_section import zscore
from modules.contract import Check, ModuleSettings, module
from modules.examples import keyed_example
from modules.panel import KEYS, grid
from modules.tables import SIGNAL


class Settings(ModuleSettings):
    """Nothing to choose: clipping wild values is a module of its own."""


def example(rng: np.random.Generator) -> pd.DataFrame:
    signal = keyed_example(rng)
    return signal.assign(value=signal["value"].where(rng.random(len(signal)) > 0.05))


@module(takes=SIGNAL, gives=SIGNAL, settings=Settings, example=example)
def cs_zscore(signal: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    stamps = grid(signal)
    return signal[KEYS].assign(value=stamps.gather(zscore(stamps.spread(signal["value"]))))


@cs_zscore.accept
def keeps_keys_and_holes(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The scores have exactly the signal's keys, in their order, and are missing exactly where it is."""
    return after[KEYS].equals(before[KEYS]) and after["value"].isna().equals(before["value"].isna())


@cs_zscore.accept
def has_mean_zero_and_spread_one(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """At each stamp the scores have mean 0, and standard deviation 1 unless they are all 0."""
    found = after.groupby("ts_event")["value"].agg(["mean", "std", "min", "max"])
    off = pd.DataFrame({"mean": found["mean"].abs(), "spread": (found["std"] - 1.0).abs()}).max(axis=1)
    gap = off.where((found["min"] != 0.0) | (found["max"] != 0.0), 0.0).dropna()
    worst = float(gap.max()) if len(gap) else 0.0
    return Check(worst <= 1e-6, worst, "|mean| and |sd - 1| <= 1e-6")


@cs_zscore.accept
def keeps_the_order(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """At each stamp a higher signal never has a lower score."""
    pairs = before[["ts_event", "value"]].assign(score=after["value"]).dropna().sort_values(["ts_event", "value"])
    wrong = pairs["ts_event"].eq(pairs["ts_event"].shift(1)) & (pairs["score"] < pairs["score"].shift(1))
    return Check(not wrong.any(), float(wrong.sum()), "0 pairs", after.loc[wrong[wrong].index].head(5))
