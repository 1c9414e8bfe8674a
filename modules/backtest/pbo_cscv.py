"""The probability that the trial that was best in one half of history is below the median in the other half.

Combinatorially symmetric cross-validation: Bailey, Borwein, Lopez de Prado & Zhu, "The probability of backtest
overfitting" (Journal of Computational Finance 20, 2017). History is cut into `blocks` equal blocks (the oldest bars
that are over are left out); each half of the blocks picks the trial with the best Sharpe ratio, whose rank r among the
N trials of the other half gives logit = ln(r / (N + 1 - r)); pbo is the share of logits at or below zero. Only the
trials whose returns are at hand can be ranked: `trials_in_matrix` of `trials_distinct` says how many that were.
"""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import log, median
from modules.backtest.symmetric_halves import best_elsewhere, slope
from modules.backtest.trial_count import counted, statistics_table
from modules.backtest.trial_matrix import trial_matrix, trials_example
from modules.contract import Check, ModuleSettings, module, no_row
from modules.errors import CwsError
from modules.tables import OVERFITTING, PRIOR_TRIALS, TRIAL_RETURNS

NAMES = ("degradation_slope", "logit_median", "pbo", "prob_loss_oos", "splits")


class Settings(ModuleSettings):
    blocks: int = Field(
        ge=4, le=20, description="even number of blocks of history; half of them pick, half of them judge"
    )


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    return trials_example(rng)


@module(takes=(TRIAL_RETURNS, PRIOR_TRIALS), gives=OVERFITTING, settings=Settings, example=example)
def pbo_cscv(trial_returns: pd.DataFrame, prior_trials: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    if settings.blocks % 2:
        raise CwsError(
            "CWS-BACKTEST-044", what=f"{settings.blocks} blocks have no halves", where="pbo_cscv, setting blocks",
            fix="an even number",
        )  # fmt: skip
    matrix = trial_matrix(trial_returns)
    bars, trials = matrix.returns.shape
    found = dict.fromkeys(NAMES, math.nan) | counted(prior_trials, matrix) | {"bars": float(bars)}
    if trials < 2 or bars < 2 * settings.blocks:
        return statistics_table(found, f"needs two trials and {2 * settings.blocks} bars that both have")
    inside, outside, rank = best_elsewhere(matrix.returns, settings.blocks)
    logit = log(rank / (trials + 1.0 - rank))
    share = (np.count_nonzero(np.asarray(what)) / len(rank) for what in (2.0 * rank <= trials + 1.0, outside < 0.0))
    values = (slope(inside, outside), median(logit), *share, float(len(rank)))
    return statistics_table(found | dict(zip(NAMES, values, strict=True)), "the best trials' ratios are all equal")


@pbo_cscv.accept
def a_missing_value_says_why(_: SimpleNamespace, after: pd.DataFrame) -> Check:
    """A value is missing exactly where the row gives a reason."""
    return no_row(after, after["value"].isna() == (after["why"] == ""))


@pbo_cscv.accept
def every_trial_counts(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """The trials are those of the ledger and those at hand, each once, and it is told how many were at hand."""
    of = after.set_index("name")["value"]
    keys = set(before.trial_returns["key"].unique())
    return bool(
        of["trials_in_matrix"] == len(keys) and of["trials_distinct"] == len(keys | set(before.prior_trials["key"]))
    )


@pbo_cscv.accept
def shares_are_counts_of_all_splits(_: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """Both shares are whole numbers of the C(blocks, blocks / 2) splits, and most logits lie where the median lies."""
    of = after.set_index("name")["value"]
    if np.isnan(of["splits"]):
        return Check(bool(np.isnan(of["pbo"])), 0.0, "no share without splits")
    counts = of[["pbo", "prob_loss_oos"]] * of["splits"]
    wrong = (
        of["splits"] != math.comb(settings.blocks, settings.blocks // 2) or not counts.between(0, of["splits"]).all()
    )
    wrong |= bool((of["pbo"] > 0.5 and of["logit_median"] > 0.0) or (of["pbo"] < 0.5 and of["logit_median"] <= 0.0))
    gap = float((counts - counts.round()).abs().max())
    return Check(not wrong and gap < 1e-6, float(wrong), "0 shares that do not fit")
