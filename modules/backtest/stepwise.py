"""What is tested of trials against a benchmark, and the stepwise search for all that beat it."""

from typing import TYPE_CHECKING

import numpy as np

from kernels.ordered import F64, ordered_std
from modules.backtest.account_statistics import DISPERSION_FLOOR
from modules.errors import CwsError

if TYPE_CHECKING:
    from arch.bootstrap import SPA

# Fewer blocks than this say nothing of a tail.
MIN_BLOCKS = 20
# Additions of a test, minutes of one core, and resampled means that it holds at once, half a gigabyte.
MOST_ADDITIONS, MOST_MEANS = 2e11, 2e7


def require_feasible(bars: int, trials: int, reps: int) -> None:
    """Raises CWS-BACKTEST-046 when resampling `trials` over `bars` is more than one core can do in minutes.

    The deviation of a mean takes every pair of bars of a trial, so the work grows with the square of the bars.
    """
    if trials * bars * (0.5 * bars + reps) > MOST_ADDITIONS or trials * reps > MOST_MEANS:
        raise CwsError(
            "CWS-BACKTEST-046", what=f"{trials} trials of {bars} bars in {reps} histories are too many to resample",
            where="spa_stepm", fix="fewer reps or longer bars (daily returns)",
        )  # fmt: skip


def edges(returns: F64, benchmark: str) -> F64:
    """(T, N) differences from the benchmark at a deviation of one; NaN columns for trials that never differ from it."""
    against = np.cumsum(returns, axis=1)[:, -1:] / returns.shape[1] if benchmark == "equal_weight" else 0.0
    gap = returns - against
    deviation = np.array([ordered_std(column) for column in gap.T])
    return gap / np.where(deviation > DISPERSION_FLOOR, deviation, np.nan)


def superior(spa: "SPA", trials: int, level: float) -> list[int]:
    """Columns that StepM rejects at `level`: the test again and again without those found, until it finds none."""
    left = np.ones(trials, dtype=np.bool_)
    # arch's own StepM falls over when its last step finds all that are left.
    while left.any():
        spa.subset(left)
        spa.compute()
        found = spa.better_models(level)
        if not len(found):
            break
        left[found] = False
    return [int(column) for column in np.flatnonzero(~left)]
