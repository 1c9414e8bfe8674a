"""How far the mean return and the Sharpe ratio could lie from what was seen: percentile intervals of resampled history.

The stationary bootstrap (Politis & Romano 1994) draws blocks of random length, so serial dependence up to a few blocks
survives. Percentile intervals are a little too sure on short histories: of 1,000 simulated ones a level of 90 % held
the truth in 89 % (independent, 250 bars), 89 % (autocorrelation 0.4, 1,000 bars) and 85 % (0.4, 500 bars).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from kernels.ordered import ordered_mean
from modules.backtest.account_statistics import bar_returns, sharpe_per_bar
from modules.contract import Check, ModuleSettings, module
from modules.errors import CwsError
from modules.examples import DAY_NS, START_NS
from modules.tables import EQUITY, INTERVALS

F64 = NDArray[np.float64]
NAMES = ("mean_return_per_bar", "sharpe_per_bar")


class Settings(ModuleSettings):
    level: float = Field(ge=0.5, le=0.999, description="share of resampled histories inside the interval")
    reps: int = Field(ge=200, le=10_000, description="resampled histories")
    block_bars: int = Field(ge=1, le=252, description="mean length of a block; 1 resamples single bars")
    seed: int = Field(ge=0, le=4_294_967_295, description="seed of the resampling")


def example(rng: np.random.Generator) -> pd.DataFrame:
    equity = 1e6 * np.cumprod(1.0 + rng.uniform(-0.02, 0.021, 320))
    paid = {"cash_usd": equity, "cost_usd": np.zeros(320), "turnover_usd": np.zeros(320)}
    return pd.DataFrame({"ts_event": START_NS + DAY_NS * np.arange(320, dtype=np.int64), "equity_usd": equity, **paid})


def resampled(returns: F64, reps: int, block_bars: int, seed: int) -> F64:
    """(reps, 2) mean and Sharpe ratio per bar of resampled histories of `returns` (T,), T >= 2."""
    from arch.bootstrap import StationaryBootstrap  # Takes over a second to import, and only this needs it.

    histories = StationaryBootstrap(block_bars, returns, seed=np.random.default_rng(seed))
    return histories.apply(lambda history: np.array([ordered_mean(history), sharpe_per_bar(history)]), reps)


def interval(values: F64, level: float) -> tuple[float, float]:
    """The order statistics that leave (1 - level) / 2 of `values` outside on each side; NaN when one is missing.

    Raises CWS-BACKTEST-006 when there are too few values to leave one outside.
    """
    # A level such as 0.9 has no exact float: 19.999999999999996 histories outside are 20.
    outside = int((1.0 - level) / 2.0 * (len(values) + 1) + 1e-9)
    if outside < 1:
        raise CwsError(
            "CWS-BACKTEST-006", what=f"{len(values)} resampled histories cannot show a level of {level}",
            where="bootstrap_ci, setting reps", fix=f"at least {int(2.0 / (1.0 - level)) + 1}, or a lower level",
        )  # fmt: skip
    if np.isnan(values).any():
        return float("nan"), float("nan")
    ranked = np.sort(values)
    return float(ranked[outside - 1]), float(ranked[len(ranked) - outside])


@module(takes=EQUITY, gives=INTERVALS, settings=Settings, example=example)
def bootstrap_ci(equity: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    returns = bar_returns(equity)
    values = np.full((settings.reps, len(NAMES)), np.nan)
    if returns.size > 1:
        values = resampled(returns, settings.reps, settings.block_bars, settings.seed)
    bounds = [interval(column, settings.level) for column in values.T]
    low, high = (np.array(side) for side in zip(*bounds, strict=True))
    return pd.DataFrame({"name": pd.Series(NAMES, dtype="str"), "low": low, "high": high, "level": settings.level})


@bootstrap_ci.accept
def low_is_not_above_high(_: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """Each interval is ordered and at the level asked for; both ends are known, or neither."""
    wrong = (after["low"] > after["high"]) | (after["low"].isna() != after["high"].isna())
    wrong |= after["level"] != settings.level
    return Check(not wrong.any() and tuple(after["name"]) == NAMES, float(wrong.sum()), "0 rows", after[wrong])


@bootstrap_ci.accept
def means_lie_inside_the_returns(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """No mean of resampled returns is below the worst return or above the best."""
    returns = before["equity_usd"].pct_change()
    mean = after.loc[after["name"] == NAMES[0]].iloc[0]
    reach = 1e-12 + 1e-12 * returns.abs().max()
    passed = not (mean["low"] < returns.min() - reach or mean["high"] > returns.max() + reach)
    # Checks are seen before the outcome is opened, so a passing one shows no figure of it.
    beyond = 0.0 if passed else float(max(returns.min() - mean["low"], mean["high"] - returns.max()))
    return Check(passed, beyond, "0 beyond the worst and the best return")


@bootstrap_ci.accept
def ends_have_one_sign(_: pd.DataFrame, after: pd.DataFrame) -> bool:
    """A history's Sharpe ratio has the sign of its mean, so the ends of both intervals have the same signs."""
    mean, sharpe = (np.sign(after.loc[after["name"] == name, ["low", "high"]].to_numpy()) for name in NAMES)
    return bool(np.isnan(sharpe).any() or np.array_equal(mean, sharpe))
