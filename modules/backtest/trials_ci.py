"""How far the figures of the best of N trials could lie from what was seen: intervals that hold for all N at once.

Each trial's interval misses with a chance of miss / N, so all of them hold with 1 - miss, and with them that of the
trial that was picked for its looks (Bonferroni). N counts every distinct trial of the ledger and this one. No bootstrap
of feasible size shows a tail of 0.05 / 10,000, so only the deviation is resampled (stationary blocks, as in
`bootstrap_ci`), and the reach is that of Student's t with one degree of freedom a block less one: the normal law is
many times too liberal so far out. Below 20 blocks nothing is said.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import F64, ordered_mean, ordered_std
from modules.backtest.account_statistics import bar_returns, sharpe_per_bar
from modules.backtest.bootstrap_ci import NAMES, resampled
from modules.backtest.bootstrap_ci import example as account_example
from modules.backtest.stepwise import MIN_BLOCKS
from modules.backtest.trial_count import require_distinct
from modules.contract import Check, ModuleSettings, module, no_row
from modules.tables import EQUITY, PRIOR_TRIALS, TRIAL_INTERVALS


class Settings(ModuleSettings):
    miss: float = Field(ge=0.001, le=0.5, description="chance that the interval of any of all trials misses the truth")
    reps: int = Field(ge=200, le=10_000, description="resampled histories")
    block_bars: int = Field(ge=1, le=252, description="mean length of a block; 1 resamples single bars")
    seed: int = Field(ge=0, le=4_294_967_295, description="seed of the resampling")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    keys = pd.Series([f"{number:032x}" for number in range(9)], dtype="str")
    prior = pd.DataFrame({"key": keys, "sharpe": np.append(rng.uniform(-0.05, 0.12, 8), np.nan)})
    return {"equity": account_example(rng), "prior_trials": prior}


def _reach(miss: float, trials: int, blocks: float) -> float:
    """Deviations from the middle of an interval that misses with a chance of miss / trials."""
    from scipy.special import stdtrit  # Half a second to import, and only this needs it.

    return -float(stdtrit(blocks - 1.0, miss / trials / 2.0))


def simultaneous(returns: F64, trials: int, settings: Settings) -> list[tuple[float, float]]:
    """(low, high) of mean and Sharpe ratio per bar of `returns` (T,); NaN below MIN_BLOCKS blocks or without spread."""
    blocks = len(returns) / settings.block_bars
    if blocks < MIN_BLOCKS:
        return [(float("nan"), float("nan"))] * len(NAMES)
    reach = _reach(settings.miss, trials, blocks)
    histories = resampled(returns, settings.reps, settings.block_bars, settings.seed)
    seen = (ordered_mean(returns), sharpe_per_bar(returns))
    wide = [reach * ordered_std(column) for column in histories.T]
    return [(middle - width, middle + width) for middle, width in zip(seen, wide, strict=True)]


@module(takes=(EQUITY, PRIOR_TRIALS), gives=TRIAL_INTERVALS, settings=Settings, example=example)
def trials_ci(equity: pd.DataFrame, prior_trials: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    require_distinct(prior_trials)
    trials = len(prior_trials) + 1
    low, high = np.array(simultaneous(bar_returns(equity), trials, settings)).T
    level = 1.0 - settings.miss / trials
    return pd.DataFrame({"name": pd.Series(NAMES, dtype="str"), "low": low, "high": high, "level": level})


@trials_ci.accept
def the_level_knows_all_trials(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """Both figures stand once, ordered, and miss with a chance that all trials together have but once."""
    wrong = (after["low"] > after["high"]) | (after["low"].isna() != after["high"].isna())
    wrong |= ((1.0 - after["level"]) * (len(before.prior_trials) + 1) - settings.miss).abs() > 1e-9
    return Check(not wrong.any() and tuple(after["name"]) == NAMES, float(wrong.sum()), "0 rows", after[wrong])


@trials_ci.accept
def what_was_seen_is_in_the_middle(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """The middle of each interval is the account's own figure."""
    returns = before.equity["equity_usd"].pct_change().dropna()
    seen = pd.Series([returns.mean(), returns.mean() / returns.std() if len(returns) > 1 else np.nan])
    middle = (after["low"] / 2.0 + after["high"] / 2.0).reset_index(drop=True)
    known = middle.notna()
    gap = ((middle - seen).abs() / (1e-6 + seen.abs() + (after["high"] - after["low"]))).where(known, 0.0)
    return no_row(after, ~(gap <= 1e-6))
