"""Scale each decision so that the portfolio's volatility is expected at `target_annual_vol`, at most by `max_scale`.

The expectation is an EWMA of the squared bar returns of the incoming weights as held until then, weights counted as
constant between decisions (RiskMetrics 1996). Bars on which nothing was held say nothing and are left out; before
`min_bars` of them the risk is unknown and the weights are zero.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import F64, ewma, lag
from modules.contract import Check, ModuleSettings, module, no_row
from modules.panel import KEYS, grid
from modules.size.alignment import require_same_rows, same_rows
from modules.size.cross_section import row_sums
from modules.size.samples import weights_example
from modules.tables import RETURNS, WEIGHTS


class Settings(ModuleSettings):
    target_annual_vol: float = Field(ge=0.001, le=2.0, description="wanted standard deviation of a year's return")
    decay: float = Field(ge=0.5, le=0.9999, description="weight of the variance so far against the newest bar's")
    bars_per_year: float = Field(ge=1.0, le=600_000.0, description="bars in a year, to annualise")
    max_scale: float = Field(ge=1e-6, le=10.0, description="largest factor on the incoming weights")
    min_bars: int = Field(ge=1, le=2520, description="bars with a position before the estimate is used")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    weights = weights_example(rng)
    return {"weights": weights, "returns": weights[KEYS].assign(value=rng.uniform(-0.02, 0.02, len(weights)))}


def _held_return(weight: F64, returns: F64) -> F64:
    """(T,) return of each bar on the weights held into it; NaN where nothing was held."""
    held = lag(pd.DataFrame(weight).ffill().to_numpy(dtype=np.float64), 1)
    return np.where(row_sums(np.abs(held)) > 0.0, row_sums(held * returns), np.nan)


def _scale(held_return: F64, settings: Settings) -> F64:
    variance = ewma(held_return * held_return, 1.0 - settings.decay)
    annual_vol = np.sqrt(variance * settings.bars_per_year)
    seen = np.cumsum(~np.isnan(held_return))
    # Compared as a product: a volatility of zero allows the largest scale, without a division.
    capped = ~(annual_vol * settings.max_scale > settings.target_annual_vol)
    scale = settings.target_annual_vol / np.where(capped, 1.0, annual_vol)
    return np.where(seen < settings.min_bars, 0.0, np.where(capped, settings.max_scale, scale))


@module(takes=(WEIGHTS, RETURNS), gives=WEIGHTS, settings=Settings, example=example)
def vol_target(weights: pd.DataFrame, returns: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    require_same_rows(weights, returns, "weights and returns")
    panel = grid(weights)
    weight = panel.spread(weights["weight"])
    scale = _scale(_held_return(weight, panel.spread(returns["value"])), settings)
    return weights[KEYS].assign(weight=panel.gather(weight * scale[:, None]))


@vol_target.accept
def decides_where_it_did(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """Same rows, and a weight exactly where there was one."""
    return same_rows(before.weights, after) and before.weights["weight"].isna().equals(after["weight"].isna())


@vol_target.accept
def one_scale_per_decision(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """All symbols of a decision are scaled by one factor between 0 and `max_scale`."""
    came = before.weights["weight"]
    factor = (after["weight"] / came)[came.fillna(0.0) != 0.0]
    bars = factor.groupby(after["ts_event"])
    spread = (bars.max() - bars.min()).max() if len(factor) else 0.0
    bounded = factor.between(0.0, settings.max_scale * (1.0 + 1e-12)).all()
    return Check(bool(bounded) and spread <= 1e-9, float(spread), "1e-9")


@vol_target.accept
def waits_for_an_estimate(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """No weight before `min_bars` stamps have passed."""
    place = after["ts_event"].rank(method="dense")
    early = (place <= settings.min_bars) & (after["weight"].fillna(0.0) != 0.0)
    return no_row(after, early)
