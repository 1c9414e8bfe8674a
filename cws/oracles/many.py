"""Oracles of what is said about many trials together: definitions once more by other code, and planted skill found."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cws.oracles import terms
from cws.oracles.drawn import SKILLED
from cws.oracles.figures import resampled_deviation
from cws.oracles.scene import Scene

F64 = NDArray[np.float64]
# As in `figures.intervals_are_as_wide_as_theory`: a thousand histories give a deviation, not exactly the deviation.
WIDTH_APART = 0.2


def _matrix(scene: Scene, module: str) -> pd.DataFrame:
    return scene.runs[module].before["trial_returns"].pivot(index="ts_event", columns="key", values="ret")


def _told(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["name"], table["value"], strict=True))


def _apart(found: float, due: float) -> bool:
    return not abs(found - due) <= 1e-8 * (1.0 + abs(due))


def overfitting_is_counted_over_all_halves(scene: Scene) -> int:
    """Probability of overfitting, share of losses and splits that are not those of every half of the history.

    By Bailey, Borwein, Lopez de Prado & Zhu (2017).
    """
    told, values = _told(scene.runs["pbo_cscv"].after["overfitting"]), _matrix(scene, "pbo_cscv").to_numpy()
    length = len(values) // terms.HALVED_BLOCKS
    every = frozenset(range(terms.HALVED_BLOCKS))
    halves = list(combinations(sorted(every), terms.HALVED_BLOCKS // 2))
    place = {half: at for at, half in enumerate(halves)}
    blocks = values[len(values) - length * terms.HALVED_BLOCKS :].reshape(terms.HALVED_BLOCKS, length, -1)
    inside = _ratios(blocks, np.array(halves))
    # The other half is one of the halves too.
    outside = inside[[place[tuple(sorted(every.difference(half)))] for half in halves]]
    picked = np.take_along_axis(outside, np.argmax(inside, axis=1)[:, None], axis=1)
    worse = (outside < picked).sum(axis=1) + 1 <= (outside.shape[1] + 1) / 2
    due = {"pbo": worse.mean(), "prob_loss_oos": (picked < 0.0).mean(), "splits": float(len(halves))}
    return sum(_apart(told[name], float(value)) for name, value in due.items())


def _ratios(blocks: F64, halves: NDArray[np.int64]) -> F64:
    """(splits, N) mean over deviation of all rows of each half; some halves at a time, as a cache holds them."""
    rows = (blocks[some].reshape(len(some), -1, blocks.shape[2]) for some in np.array_split(halves, 256))
    return np.concatenate([some.mean(axis=1) / some.std(axis=1, ddof=1) for some in rows])


def skill_is_superior_and_luck_is_not(scene: Scene) -> int:
    """Skilled trials that are not superior, losing ones that are, and p-values that are not in their order."""
    seen = scene.runs["spa_stepm"]
    told, found = _told(seen.after["superiority"]), set(seen.after["superior"]["key"])
    means = _matrix(scene, "spa_stepm").mean()
    skilled = set(means.index[:SKILLED]) if scene.world.flaws.spikes else set[str]()
    p_values = [told[f"p_{kind}"] for kind in ("lower", "consistent", "upper")]
    wrong = len(skilled - found) + len(found & set(means.index[means <= 0.0])) + (p_values != sorted(p_values))
    return wrong + bool(skilled and told["p_consistent"] > terms.SUPERIOR_LEVEL)


def paths_are_all_recombinations(scene: Scene) -> int:
    """Paths that are too many or too few, and figures that are not theirs."""
    seen = scene.runs["cpcv_paths"]
    told, sharpes = _told(seen.after["cross_validation"]), seen.after["paths"]["sharpe"].to_numpy()
    judged = terms.JUDGED_FOLDS
    due = {
        "path_count": float(math.comb(terms.FOLDS, judged) * judged // terms.FOLDS),
        "mean_sharpe": float(sharpes.mean()),
        "std_sharpe": float(sharpes.std(ddof=1)),
        "share_below_zero": float((sharpes < 0.0).mean()),
    }
    lucky = bool(scene.world.flaws.spikes) and not told["mean_sharpe"] > told["expected_max_sharpe"]
    return sum(_apart(told[name], value) for name, value in due.items()) + lucky


def intervals_hold_for_every_trial(scene: Scene) -> int:
    """Intervals of the mean whose level is not that of all distinct trials, or that are not as wide as theory's."""
    from scipy.special import stdtrit

    seen = scene.runs["trials_ci"]
    trials = len(seen.before["prior_trials"]) + 1
    value = seen.before["equity"]["equity_usd"].to_numpy(dtype=np.float64)
    returns: F64 = value[1:] / value[:-1] - 1.0
    rows = seen.after["trial_intervals"].set_index("name")
    low, high, level = (float(rows[name]["mean_return_per_bar"]) for name in ("low", "high", "level"))
    reach = -float(stdtrit(len(returns) / terms.BLOCK_BARS - 1.0, (1.0 - terms.CONFIDENCE) / trials / 2.0))
    width, due = high - low, 2.0 * reach * resampled_deviation(returns)
    wrong = _apart(level, 1.0 - (1.0 - terms.CONFIDENCE) / trials)
    return wrong + (not abs(width - due) <= WIDTH_APART * due) + _apart(0.5 * (low + high), float(returns.mean()))
