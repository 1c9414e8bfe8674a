"""Returns of many trials as one matrix on the bars that all of them have, and Sharpe ratios of parts of it.

A bar that one trial lacks is left out for all: trials are compared over the same time or not at all.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.ordered import F64
from modules.errors import CwsError
from modules.examples import DAY_NS, START_NS

# Above this a bar's return is a fault of the account, and its square would drown all others in rounding.
LARGEST_RETURN = 1_000.0
# A variance below this share of the mean square is rounding: the trial did not move.
FLAT = 1e-12


@dataclass(frozen=True)
class TrialMatrix:
    """`returns` is (T, N): bars ascending x keys ascending, all finite."""

    keys: list[str]
    ts_event: NDArray[np.int64]
    returns: F64


def trial_matrix(trial_returns: pd.DataFrame) -> TrialMatrix:
    """The trials of a TRIAL_RETURNS table over the bars that all of them have; (0, 0) without rows.

    Raises CWS-BACKTEST-041 on a return that no account has, -042 on a bar given twice and -043 without a common bar.
    """
    codes, names = pd.factorize(trial_returns["key"], sort=True)
    stamps, rows = np.unique(trial_returns["ts_event"].to_numpy(dtype=np.int64), return_inverse=True)
    ret = trial_returns["ret"].to_numpy(dtype=np.float64)
    _refuse_impossible(trial_returns, ret)
    matrix = np.full((len(stamps), len(names)), np.nan)
    matrix[rows, codes] = ret
    known = ~np.isnan(matrix)
    if np.count_nonzero(known) < len(ret):
        again = trial_returns[trial_returns.duplicated(["key", "ts_event"])].iloc[0]
        raise CwsError(
            "CWS-BACKTEST-042", what=f"trial {again['key']} has two returns at ts_event {again['ts_event']}",
            where="trial_returns", fix="give one return a trial and bar",
        )  # fmt: skip
    common = known.all(axis=1)
    if len(stamps) and not common.any():
        shortest = names[int(np.argmin(np.count_nonzero(known, axis=0)))]
        raise CwsError(
            "CWS-BACKTEST-043", what=f"no bar is common to the {len(names)} trials", where="trial_returns",
            fix=f"leave out trials of other data or folds; {shortest} has the fewest bars",
        )  # fmt: skip
    return TrialMatrix([str(name) for name in names], stamps[common], matrix[common])


def _refuse_impossible(trial_returns: pd.DataFrame, ret: F64) -> None:
    impossible = ~(np.abs(ret) <= LARGEST_RETURN)
    if impossible.any():
        row = int(np.argmax(impossible))
        raise CwsError(
            "CWS-BACKTEST-041", what=f"a return of {ret[row]} in one bar",
            where=f"trial_returns, row {row}, trial {trial_returns['key'].iloc[row]}",
            fix=f"simple returns between -{LARGEST_RETURN:.0f} and {LARGEST_RETURN:.0f}; a ruined account has none",
        )  # fmt: skip


def sharpe_of_sums(bars: float, total: F64, squares: F64) -> F64:
    """Sharpe ratio per bar (n - 1) from sums of `bars` >= 2 returns and of their squares; 0 for who did not move.

    One pass is exact enough: a bar's mean return is small beside its deviation.
    """
    spread = squares - total * total / bars
    moved = spread > FLAT * squares
    deviation = np.sqrt(np.where(moved, spread, 1.0) / (bars - 1.0))
    return np.where(moved, total / bars / deviation, 0.0)


def trials_example(rng: np.random.Generator, trials: int = 9, bars: int = 320) -> dict[str, pd.DataFrame]:
    """TRIAL_RETURNS and PRIOR_TRIALS: one trial with skill, one that lists late, and counted ones without returns."""
    keys = [f"{number:032x}" for number in range(trials)]
    stamps = START_NS + DAY_NS * np.arange(bars, dtype=np.int64)
    frames = []
    for number, key in enumerate(keys):
        first = 7 if number == trials - 1 else 0
        ret = rng.uniform(-0.01, 0.01, bars - first) + (0.002 if number == 2 else 0.0)
        own = pd.Series([key] * (bars - first), dtype="str")
        frames.append(pd.DataFrame({"key": own, "ts_event": stamps[first:], "ret": ret}))
    others = pd.Series([*keys[:-1], "f" * 32], dtype="str")
    prior = pd.DataFrame({"key": others, "sharpe": np.append(rng.uniform(-0.05, 0.1, trials - 1), np.nan)})
    return {"trial_returns": pd.concat(frames, ignore_index=True), "prior_trials": prior}
