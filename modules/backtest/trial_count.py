"""How many distinct trials there were and what the best of them shows by luck: the one count of every honest judge.

The count comes from the ledger (`prior_trials`), not from the trials whose returns are at hand: who shows the best ten
of a thousand is judged by the thousand.
"""

import math
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import pandas as pd

from kernels.ordered import F64, ordered_std
from modules.backtest.account_statistics import sharpe_per_bar
from modules.backtest.trial_matrix import TrialMatrix
from modules.errors import CwsError

EULER_GAMMA = 0.5772156649015329
NORMAL = NormalDist()
NO_SPREAD = "no two trials with different Sharpe ratios"
COUNTED = ("expected_max_sharpe", "sharpe_deviation", "trials_distinct", "trials_in_matrix")


def expected_max_sharpe(deviation: float, trials: int) -> float:
    """Expected best Sharpe ratio of `trials` >= 2 independent trials without skill, in the unit of `deviation`.

    Bailey & Lopez de Prado, "The Deflated Sharpe Ratio" (2014), equation 1.
    """
    first, second = NORMAL.inv_cdf(1.0 - 1.0 / trials), NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return deviation * ((1.0 - EULER_GAMMA) * first + EULER_GAMMA * second)


def spread(sharpes: F64) -> float:
    """Deviation of the different known ratios, NaN below two: repeated results would bring it down at will."""
    return ordered_std(np.unique(sharpes[np.isfinite(sharpes)]))


def best_of_luck(sharpes: F64, trials: int) -> float:
    """`expected_max_sharpe` of all `trials` by the spread of the known `sharpes`; NaN where there is none."""
    deviation = spread(sharpes)
    return expected_max_sharpe(deviation, trials) if trials > 1 and math.isfinite(deviation) else math.nan


def require_distinct(prior_trials: pd.DataFrame) -> None:
    """Raises CWS-BACKTEST-005 when a trial is counted twice."""
    repeated = prior_trials.loc[prior_trials["key"].duplicated(), "key"]
    if len(repeated):
        raise CwsError(
            "CWS-BACKTEST-005", what=f"trial {repeated.iloc[0]} is counted twice", where="prior_trials, column key",
            fix="give each distinct trial once: another look at the same key is no other trial",
        )  # fmt: skip


def distinct_trials(prior_trials: pd.DataFrame, keys: list[str]) -> int:
    """Trials that were counted or whose returns are at hand: the trial of today is not among the prior ones."""
    require_distinct(prior_trials)
    return len({*prior_trials["key"], *keys})


def counted(prior_trials: pd.DataFrame, matrix: TrialMatrix) -> dict[str, float]:
    """The statistics COUNTED: all distinct trials, those in the matrix, spread of the known ratios, luck's best.

    A trial of the matrix has the ratio of its own returns; any other that of the ledger, NaN where nobody knows it.
    """
    count = distinct_trials(prior_trials, matrix.keys)
    known = dict(zip(prior_trials["key"], prior_trials["sharpe"], strict=True))
    known |= {key: sharpe_per_bar(ret) for key, ret in zip(matrix.keys, matrix.returns.T, strict=True)}
    sharpes = np.array(list(known.values()), dtype=np.float64)
    values = (best_of_luck(sharpes, count), spread(sharpes), float(count), float(len(matrix.keys)))
    return dict(zip(COUNTED, values, strict=True))


def statistics_table(found: Mapping[str, float], why: str) -> pd.DataFrame:
    """name, value, why: sorted by name; what is not finite is missing, and `why` is said unless the count says it."""
    names = sorted(found)
    values = np.array([found[name] for name in names])
    reasons = [NO_SPREAD if name in COUNTED else why or NO_SPREAD for name in names]
    columns = {"name": pd.Series(names, dtype="str"), "value": np.where(np.isfinite(values), values, np.nan)}
    return pd.DataFrame({**columns, "why": pd.Series(np.where(np.isfinite(values), "", reasons), dtype="str")})
