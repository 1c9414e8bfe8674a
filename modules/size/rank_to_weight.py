"""Cross-sectional rank of the signal, centred: long the highest, short the lowest, the same dollars on both sides.

Why ranks: an outlier in the signal moves a weight by one place at most. Ties share their average rank.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from kernels.ordered import F64
from modules.contract import Check, ModuleSettings, module
from modules.examples import keyed_example
from modules.panel import KEYS, grid
from modules.size.alignment import same_rows
from modules.size.cross_section import scaled_to_gross
from modules.tables import SIGNAL, WEIGHTS


class Settings(ModuleSettings):
    gross: float = Field(gt=0.0, le=10.0, description="sum of absolute weights at a decision bar")


def example(rng: np.random.Generator) -> pd.DataFrame:
    signal = keyed_example(rng)
    return signal.assign(value=signal["value"].where(signal.groupby("symbol").cumcount() >= 10))


@module(takes=SIGNAL, gives=WEIGHTS, settings=Settings, example=example)
def rank_to_weight(
    signal: pd.DataFrame, settings: Settings, *, schedule: Callable[[NDArray[np.int64]], NDArray[np.bool_]]
) -> pd.DataFrame:
    panel = grid(signal)
    decides = schedule(panel.ts_event)
    ranks = pd.DataFrame(panel.spread(signal["value"])[decides]).rank(axis=1)
    # The middle rank of n ranked symbols is (n + 1) / 2; fewer than two have no middle to differ from.
    middle = (ranks.count(axis=1).to_numpy() + 1.0) / 2.0
    centred: F64 = np.where(ranks.isna(), 0.0, ranks.to_numpy() - middle[:, None])
    weight = np.full((len(panel.ts_event), len(panel.symbols)), np.nan)
    weight[decides] = scaled_to_gross(centred, settings.gross)
    return signal[KEYS].assign(weight=panel.gather(weight))


@rank_to_weight.accept
def one_weight_per_row(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The weights have exactly the signal's rows, in their order."""
    return same_rows(before, after)


@rank_to_weight.accept
def longs_pay_for_shorts(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """At each decision the weights add up to zero and their sizes to `gross`, or all are zero."""
    bars = after.dropna().groupby("ts_event")["weight"]
    size = after.dropna().assign(size=after["weight"].abs()).groupby("ts_event")["size"].sum()
    gap = np.maximum(bars.sum().abs(), np.where(size == 0.0, 0.0, (size - settings.gross).abs()))
    return Check(bool((gap <= 1e-9).all()), float(gap.max()) if len(gap) else 0.0, "1e-9")


@rank_to_weight.accept
def higher_signal_higher_weight(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """Within a decision bar, known signals in ascending order have weights that never fall; unknown ones have none."""
    both = before.assign(weight=after["weight"]).dropna(subset="weight")
    both = both.sort_values(["ts_event", "value"], kind="stable")
    known = both.dropna(subset="value")
    falls = known.groupby("ts_event")["weight"].diff() < -1e-12
    unknown = both["value"].isna() & (both["weight"] != 0.0)
    wrong = int(falls.sum()) + int(unknown.sum())
    return Check(wrong == 0, float(wrong), "0 rows", known[falls].head(5))
