"""No single position above `max_weight` of the account: what is above is cut off, not spread to others."""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.size.alignment import same_rows
from modules.size.samples import weights_example
from modules.tables import WEIGHTS


class Settings(ModuleSettings):
    max_weight: float = Field(gt=0.0, le=10.0, description="largest absolute weight of one symbol")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return weights_example(rng)


@module(takes=WEIGHTS, gives=WEIGHTS, settings=Settings, example=example)
def position_limits(weights: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return weights.assign(weight=weights["weight"].clip(-settings.max_weight, settings.max_weight))


@position_limits.accept
def decides_where_it_did(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Same rows, and a weight exactly where there was one."""
    return same_rows(before, after) and before["weight"].isna().equals(after["weight"].isna())


@position_limits.accept
def never_over_the_limit(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """No weight is larger than `max_weight`."""
    size = after["weight"].abs()
    over = size > settings.max_weight
    return Check(not over.any(), float(size.max()), f"{settings.max_weight}", after[over].head(5))


@position_limits.accept
def touches_only_what_is_over(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """A weight within the limit passes unchanged, and a cut one stands at the limit on its own side."""
    inside = before["weight"].abs() <= settings.max_weight
    wrong = inside & (after["weight"] != before["weight"])
    wrong |= ~inside & before["weight"].notna() & (after["weight"] != np.sign(before["weight"]) * settings.max_weight)
    return no_row(after, wrong)
