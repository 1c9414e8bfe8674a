"""Rank a signal across symbols at each stamp, scaled to [-1, 1] with ties averaged.

Why ranks: one wild value moves every z-score, but only its own rank. Why runtime judges it: a rank has no scale, so
there is nothing to choose but how many stamps are ranked together, which moves no byte.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.cross_section import centred_rank
from modules.contract import Check, ModuleSettings, module
from modules.examples import keyed_example
from modules.panel import KEYS, grid
from modules.tables import SIGNAL


class Settings(ModuleSettings):
    rows_at_once: int = Field(ge=1, le=65_536, description="stamps ranked together: their keys should fit a cache")


def example(rng: np.random.Generator) -> pd.DataFrame:
    signal = keyed_example(rng)
    return signal.assign(value=signal["value"].round(1).where(rng.random(len(signal)) > 0.05))


@module(takes=SIGNAL, gives=SIGNAL, settings=Settings, example=example)
def cs_rank(signal: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    stamps = grid(signal)
    ranks = centred_rank(stamps.spread(signal["value"]), rows=settings.rows_at_once)
    return signal[KEYS].assign(value=stamps.gather(ranks))


@cs_rank.accept
def keeps_keys_and_holes(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The ranks have exactly the signal's keys, in their order, and are missing exactly where it is."""
    return after[KEYS].equals(before[KEYS]) and after["value"].isna().equals(before["value"].isna())


@cs_rank.accept
def cancels_and_stays_inside(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """Ranks lie in [-1, 1] and cancel at each stamp, so that ranks alone are no bet on the market."""
    net = after.groupby("ts_event")["value"].sum().abs()
    inside = after["value"].dropna().between(-1.0, 1.0).all()
    worst = float(net.max()) if len(net) else 0.0
    return Check(bool(inside) and worst <= 1e-9, worst, "|sum at a stamp| <= 1e-9, values in [-1, 1]")


@cs_rank.accept
def keeps_the_order(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """At each stamp a higher signal has a higher rank and equal signals have equal ranks."""
    pairs = before[["ts_event", "value"]].assign(rank=after["value"]).dropna().sort_values(["ts_event", "value"])
    together = pairs["ts_event"].eq(pairs["ts_event"].shift(1))
    wrong = together & (pairs["value"].eq(pairs["value"].shift(1)) != pairs["rank"].eq(pairs["rank"].shift(1)))
    wrong |= together & (pairs["rank"] < pairs["rank"].shift(1))
    return Check(not wrong.any(), float(wrong.sum()), "0 pairs", after.loc[wrong[wrong].index].head(5))
