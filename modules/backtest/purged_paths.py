"""Out-of-sample returns of the trial that was best in sample, over all recombined paths of purged splits."""

import numpy as np
from numpy.typing import NDArray

from kernels.ordered import F64
from modules.backtest.trial_matrix import sharpe_of_sums
from modules.errors import CwsError

# Cells of the matrix of splits that skfolio holds, twice: a gigabyte.
MOST_CELLS = 50_000_000


def _best(rows: NDArray[np.integer], sums: F64, squares: F64) -> int:
    """The trial with the best ratio over `rows` ascending, from sums (T + 1, N) up to each bar: run by run of rows."""
    breaks = np.flatnonzero(np.diff(rows) != 1)
    first, last = rows[np.append(0, breaks + 1)], rows[np.append(breaks, len(rows) - 1)] + 1
    total, square = (np.cumsum(upto[last] - upto[first], axis=0)[-1] for upto in (sums, squares))
    return int(np.argmax(sharpe_of_sums(float(len(rows)), total, square)))


def path_returns(returns: F64, folds: int, judged_folds: int, purged_bars: int, embargo_bars: int) -> F64:
    """(P, T) returns of following, in each judged fold, the trial of `returns` (T, N) that was best on the others.

    Raises CWS-BACKTEST-047 when bars times splits are more than memory should hold.
    """
    from skfolio.model_selection import CombinatorialPurgedCV  # Imports a solver, and only this needs it.

    splits = CombinatorialPurgedCV(folds, judged_folds, purged_bars, embargo_bars)
    if splits.n_splits * len(returns) > MOST_CELLS:
        raise CwsError(
            "CWS-BACKTEST-047", what=f"{splits.n_splits} splits of {len(returns)} bars are too many to hold",
            where="cpcv_paths, settings folds and judged_folds", fix="fewer folds, or longer bars (daily returns)",
        )  # fmt: skip
    upto = np.zeros((2, len(returns) + 1, returns.shape[1]))
    np.cumsum(returns, axis=0, out=upto[0, 1:])
    np.cumsum(returns * returns, axis=0, out=upto[1, 1:])
    out = np.full((splits.n_test_paths, len(returns)), np.nan)
    for (chosen_on, judged_on), paths in zip(splits.split(returns), splits.get_path_ids(), strict=True):
        best = _best(chosen_on, upto[0], upto[1])
        for path, rows in zip(paths, judged_on, strict=True):
            out[path, rows] = returns[rows, best]
    return out
