"""Keep the sum of absolute weights of a decision at or below `max_gross`, by one scale for all its symbols.

Why one scale: the composition is the strategy's opinion, its size is ours. A NaN weight holds and is not counted.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module
from modules.panel import KEYS, grid
from modules.size.alignment import same_rows
from modules.size.cross_section import row_sums
from modules.size.samples import weights_example
from modules.tables import WEIGHTS


class Settings(ModuleSettings):
    max_gross: float = Field(ge=1e-6, le=10.0, description="largest sum of absolute weights at a decision bar")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return weights_example(rng)


@module(takes=WEIGHTS, gives=WEIGHTS, settings=Settings, example=example)
def leverage_cap(weights: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    panel = grid(weights)
    weight = panel.spread(weights["weight"])
    gross = row_sums(np.abs(weight))
    over = gross > settings.max_gross
    scale = settings.max_gross / np.where(over, gross, settings.max_gross)
    return weights[KEYS].assign(weight=panel.gather(np.where(over[:, None], weight * scale[:, None], weight)))


@leverage_cap.accept
def decides_where_it_did(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Same rows, and a weight exactly where there was one."""
    return same_rows(before, after) and before["weight"].isna().equals(after["weight"].isna())


@leverage_cap.accept
def never_over_the_cap(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """At no bar do the absolute weights add up to more than `max_gross`."""
    gross = after["weight"].abs().groupby(after["ts_event"]).sum()
    worst = float(gross.max()) if len(gross) else 0.0
    return Check(worst <= settings.max_gross * (1.0 + 1e-12), worst, f"{settings.max_gross}")


@leverage_cap.accept
def one_scale_per_decision(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """Decisions under the cap pass unchanged; above it all weights of the bar shrink by the same factor."""
    gross = before["weight"].abs().groupby(before["ts_event"]).transform("sum")
    factor = np.minimum(1.0, settings.max_gross / gross.where(gross > 0.0, settings.max_gross))
    gap = (after["weight"] - before["weight"] * factor).abs()
    return Check(not (gap > 1e-9).any(), float(gap.max()), "1e-9", after[(gap > 1e-9).to_numpy()].head(5))
