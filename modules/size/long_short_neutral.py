"""Take out the common part: weights minus their average at each decision, scaled so that their sizes add up to `gross`.

A NaN weight holds and takes no part. Weights that are all equal have no difference to trade on and become zero.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import F64
from modules.contract import Check, ModuleSettings, module, no_row
from modules.panel import KEYS, grid
from modules.size.alignment import same_rows
from modules.size.cross_section import row_sums, scaled_to_gross
from modules.size.samples import weights_example
from modules.tables import WEIGHTS

NOISE = 1e-12  # differences below this share of the weights are rounding, not opinion


class Settings(ModuleSettings):
    gross: float = Field(gt=0.0, le=10.0, description="sum of absolute weights at a decision bar")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return weights_example(rng)


def _centred(weight: F64) -> F64:
    count = row_sums(np.where(np.isnan(weight), 0.0, 1.0))
    return weight - (row_sums(weight) / np.maximum(count, 1.0))[:, None]


@module(takes=WEIGHTS, gives=WEIGHTS, settings=Settings, example=example)
def long_short_neutral(weights: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    panel = grid(weights)
    weight = panel.spread(weights["weight"])
    # Twice: what rounding leaves of the first average would be scaled up with the differences.
    gap = _centred(_centred(weight))
    same = row_sums(np.abs(gap)) <= NOISE * row_sums(np.abs(weight))
    neutral = scaled_to_gross(np.where(same[:, None], gap * 0.0, gap), settings.gross)
    return weights[KEYS].assign(weight=panel.gather(neutral))


@long_short_neutral.accept
def decides_where_it_did(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Same rows, and a weight exactly where there was one."""
    return same_rows(before, after) and before["weight"].isna().equals(after["weight"].isna())


@long_short_neutral.accept
def neutral_at_full_gross(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """At each decision the weights add up to zero and their sizes to `gross`, or all are zero."""
    known = after.dropna(subset="weight")
    net = known.groupby("ts_event")["weight"].sum()
    size = known["weight"].abs().groupby(known["ts_event"]).sum()
    gap = np.maximum(net.abs(), (size - settings.gross).abs().where(size != 0.0, 0.0))
    return Check(bool((gap <= 1e-9).all()), float(gap.max()) if len(gap) else 0.0, "1e-9")


@long_short_neutral.accept
def keeps_the_order(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """Within a decision a symbol that had more weight than another never has less."""
    both = (
        before.assign(after=after["weight"]).dropna(subset="weight").sort_values(["ts_event", "weight"], kind="stable")
    )
    falls = both.groupby("ts_event")["after"].diff() < -1e-9
    return no_row(both, falls)
