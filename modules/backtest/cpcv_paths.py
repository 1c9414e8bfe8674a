"""What following the best trial would have earned on data that did not choose it: Sharpe ratios of recombined paths.

Combinatorial purged cross-validation (Lopez de Prado, "Advances in Financial Machine Learning", 2018, ch. 12) by
`skfolio`'s splits: each k of n folds are judged by the trial that is best (Sharpe ratio, the first key of equal ones)
on the others, without `purged_bars` on both sides of a judged fold and `embargo_bars` more after it. Judged folds
recombine to C(n, k) * k / n paths through all bars. `share_below_luck` is the share of paths below the ratio that the
best of all distinct trials would show by luck: choosing among them is what is judged.
"""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import F64, ordered_mean, ordered_std
from modules.backtest.account_statistics import sharpe_per_bar
from modules.backtest.purged_paths import path_returns
from modules.backtest.trial_count import counted, statistics_table
from modules.backtest.trial_matrix import trial_matrix, trials_example
from modules.contract import Check, ModuleSettings, module, no_row
from modules.errors import CwsError
from modules.tables import CROSS_VALIDATION, PATHS, PRIOR_TRIALS, TRIAL_RETURNS

NAMES = ("mean_sharpe", "path_count", "q05_sharpe", "share_below_luck", "share_below_zero", "std_sharpe")


class Settings(ModuleSettings):
    folds: int = Field(ge=3, le=12, description="consecutive folds of history")
    judged_folds: int = Field(ge=2, le=6, description="folds of a split that judge; fewer than folds")
    purged_bars: int = Field(ge=0, le=252, description="bars left out of choosing on both sides of a judged fold")
    embargo_bars: int = Field(ge=0, le=252, description="bars more left out after a judged fold")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    return trials_example(rng)


def _require_choosing_folds(settings: Settings) -> None:
    if settings.judged_folds >= settings.folds:
        raise CwsError(
            "CWS-BACKTEST-045", what=f"{settings.judged_folds} of {settings.folds} folds judge, so none chooses",
            where="cpcv_paths, setting judged_folds", fix="fewer than folds",
        )  # fmt: skip


def _figures(sharpes: F64, luck: float) -> dict[str, float]:
    """Of (P,) ratios of paths; NaN where one is unknown. The quantile is the lowest with 5 % of paths at or below."""
    count = len(sharpes)
    shares = (np.count_nonzero(sharpes < bound) / count if math.isfinite(bound) else math.nan for bound in (luck, 0.0))
    fifth = float(np.sort(sharpes)[math.ceil(0.05 * count) - 1])
    values = (ordered_mean(sharpes), float(count), fifth, *shares, ordered_std(sharpes))
    return dict(zip(NAMES, values, strict=True))


@module(takes=(TRIAL_RETURNS, PRIOR_TRIALS), gives=(CROSS_VALIDATION, PATHS), settings=Settings, example=example)
def cpcv_paths(
    trial_returns: pd.DataFrame, prior_trials: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    _require_choosing_folds(settings)
    matrix = trial_matrix(trial_returns)
    bars, trials = matrix.returns.shape
    found = dict.fromkeys(NAMES, math.nan) | counted(prior_trials, matrix) | {"bars": float(bars)}
    sharpes = np.empty(0)
    needed = settings.folds * (2 * settings.purged_bars + settings.embargo_bars + 2)
    if trials > 1 and bars >= needed:
        gaps = (settings.purged_bars, settings.embargo_bars)
        followed = path_returns(matrix.returns, settings.folds, settings.judged_folds, *gaps)
        sharpes = np.array([sharpe_per_bar(path) for path in followed])
        # A path without dispersion followed trials at rest: it is cash.
        sharpes = np.where(np.isnan(sharpes), 0.0, sharpes)
        found |= _figures(sharpes, found["expected_max_sharpe"])
    paths = pd.DataFrame({"path": np.arange(len(sharpes), dtype=np.int64), "sharpe": sharpes})
    return statistics_table(found, "" if len(paths) else f"needs two trials and {needed} bars that both have"), paths


@cpcv_paths.accept
def a_missing_value_says_why(_: SimpleNamespace, after: SimpleNamespace) -> Check:
    """A value is missing exactly where the row gives a reason."""
    table = after.cross_validation
    return no_row(table, table["value"].isna() == (table["why"] == ""))


@cpcv_paths.accept
def every_trial_counts(before: SimpleNamespace, after: SimpleNamespace) -> bool:
    """The trials are those of the ledger and those at hand, each once."""
    of, keys = after.cross_validation.set_index("name")["value"], set(before.trial_returns["key"].unique())
    return (of["trials_distinct"], of["trials_in_matrix"]) == (len(keys | set(before.prior_trials["key"])), len(keys))


@cpcv_paths.accept
def paths_are_all_recombinations(_: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """There are C(folds, judged_folds) * judged_folds / folds paths, numbered from 0, or none at all."""
    count = math.comb(settings.folds, settings.judged_folds) * settings.judged_folds // settings.folds
    told = after.cross_validation.set_index("name")["value"]["path_count"]
    expected = 0 if np.isnan(told) else count
    passed = list(after.paths["path"]) == list(range(expected)) and (np.isnan(told) or told == count)
    return Check(passed, float(abs(len(after.paths) - expected)), f"0 paths away from {expected}")


@cpcv_paths.accept
def figures_are_those_of_the_paths(_: SimpleNamespace, after: SimpleNamespace) -> Check:
    """Mean, deviation and share below zero are those of the paths shown, and the quantile parts them at 5 %."""
    of, shown = after.cross_validation.set_index("name")["value"], after.paths["sharpe"]
    if not len(shown):
        return Check(bool(of[list(NAMES)].isna().all()), 0.0, "no figure without a path")
    again = {"mean_sharpe": shown.mean(), "std_sharpe": shown.std(), "share_below_zero": (shown < 0.0).mean()}
    gap = max(abs(of[name] - value) / (1.0 + abs(value)) for name, value in again.items())
    parted = (shown < of["q05_sharpe"]).mean() < 0.05 <= (shown <= of["q05_sharpe"]).mean()
    return Check(bool(gap <= 1e-12 and parted), float(np.floor(gap / 1e-12)), "0 times 1e-12 relative")
