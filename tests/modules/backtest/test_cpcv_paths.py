"""Cross-validated paths: splits by hand, one trial with skill, leaks that purging removes, and what cannot be said."""

import itertools
import math

import numpy as np
import pytest
from many_trials import judge, long_form, prior, said, tables

from modules.backtest.account_statistics import sharpe_per_bar
from modules.backtest.purged_paths import path_returns
from modules.errors import CwsError

BARS, TRIALS = 400, 8
SMALL = {"folds": 6, "judged_folds": 2, "purged_bars": 3, "embargo_bars": 2}


def noise(seed: int, trials: int = TRIALS, bars: int = BARS) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((bars, trials)) * 0.01


def paths(returns: np.ndarray, **settings: object) -> list[float]:
    return list(tables(judge("cpcv_paths", long_form(returns), prior([]), **settings))["paths"]["sharpe"])


def by_hand(returns: np.ndarray, folds: int, judged: int, purged: int, embargo: int) -> np.ndarray:
    """Each split on its own: cut, choose, follow; a fold's n-th judgement belongs to the n-th path."""
    bars = len(returns)
    fold = np.minimum(np.arange(bars) // (bars // folds), folds - 1)
    out = np.full((math.comb(folds, judged) * judged // folds, bars), np.nan)
    judgements = [0] * folds
    for chosen in itertools.combinations(range(folds), judged):
        used = ~np.isin(fold, chosen)
        for bar in np.flatnonzero(np.isin(fold, chosen)):
            used[max(0, bar - purged) : bar + purged + embargo + 1] = False
        train = returns[used]
        best = int(np.argmax(train.mean(axis=0) / train.std(axis=0, ddof=1)))
        for one in chosen:
            out[judgements[one], fold == one] = returns[fold == one, best]
            judgements[one] += 1
    return out


@pytest.mark.parametrize(
    ("folds", "judged", "purged", "embargo"), [(3, 2, 0, 0), (6, 2, 3, 2), (7, 4, 5, 0), (5, 3, 0, 9)]
)
def test_is_every_split_by_hand(folds: int, judged: int, purged: int, embargo: int) -> None:
    returns = noise(1)
    got = path_returns(returns, folds, judged, purged, embargo)
    assert np.array_equal(got, by_hand(returns, folds, judged, purged, embargo))


@pytest.mark.parametrize(("folds", "judged"), [(10, 2), (6, 3), (12, 6), (3, 2)])
def test_paths_are_as_many_as_judgements_of_a_fold(folds: int, judged: int) -> None:
    settings = {**SMALL, "folds": folds, "judged_folds": judged}
    count = math.comb(folds, judged) * judged // folds
    assert len(paths(noise(2), **settings)) == count
    assert said("cpcv_paths", noise(2), **settings)["value"]["path_count"] == count


def test_figures_are_those_of_the_paths() -> None:
    returns = noise(3)
    sharpes = sorted(sharpe_per_bar(path) for path in by_hand(returns, 10, 4, 3, 2))
    got = said("cpcv_paths", returns, **{**SMALL, "folds": 10, "judged_folds": 4})["value"]
    assert got["mean_sharpe"] == pytest.approx(np.mean(sharpes), rel=1e-12)
    assert got["std_sharpe"] == pytest.approx(np.std(sharpes, ddof=1), rel=1e-12)
    # 5 % of 84 paths are 4.2: the fifth lowest is the first with 5 % at or below.
    assert (got["path_count"], got["q05_sharpe"]) == (84.0, sharpes[4])
    assert got["share_below_zero"] == np.mean(np.array(sharpes) < 0.0)


def test_one_trial_with_skill_is_followed_everywhere() -> None:
    returns = noise(4)
    returns[:, 2] += 0.006
    assert paths(returns, **SMALL) == [sharpe_per_bar(returns[:, 2])] * 5
    got = said("cpcv_paths", returns, **SMALL)["value"]
    assert got["share_below_zero"] == 0.0 and got["std_sharpe"] == 0.0


def test_following_noise_earns_nothing() -> None:
    found = [said("cpcv_paths", noise(seed), **SMALL)["value"]["mean_sharpe"] for seed in range(40)]
    # In sample the best of eight shows 1.4 deviations of 0.05; out of sample the mean of forty scatters by 0.006.
    assert abs(float(np.mean(found))) < 0.02


def test_purging_and_embargo_take_away_what_leaks() -> None:
    # Trial n earns in fold n and three bars before it and five after it: what is chosen by those knows the fold.
    folds, length = 6, 60
    returns = noise(5, folds, folds * length) * 0.1
    for number in range(folds):
        returns[max(0, number * length - 3) : (number + 1) * length + 5, number] += 0.004
        returns[number * length : (number + 1) * length, number] += 0.002
    leaky = {"folds": folds, "judged_folds": 2, "purged_bars": 0, "embargo_bars": 0}
    clean = {**leaky, "purged_bars": 3, "embargo_bars": 2}
    with_leak, without = path_returns(returns, **leaky), path_returns(returns, **clean)
    assert with_leak.mean() > 1.5 * without.mean()
    assert np.array_equal(without, by_hand(returns, folds, 2, 3, 2))


def test_luck_is_that_of_all_counted_trials() -> None:
    returns = noise(6)
    few, many = (
        said("cpcv_paths", returns, prior(np.tile([-0.05, 0.05], count)), **SMALL)["value"] for count in (4, 2_000)
    )
    assert (few["trials_in_matrix"], few["trials_distinct"]) == (8.0, 8.0)
    assert (many["trials_in_matrix"], many["trials_distinct"]) == (8.0, 4_000.0)
    assert many["expected_max_sharpe"] > few["expected_max_sharpe"]
    assert many["mean_sharpe"] == few["mean_sharpe"] and many["share_below_luck"] >= few["share_below_luck"]


@pytest.mark.parametrize("shape", [(0, 0), (1, 3), (BARS, 1), (59, 4)])
def test_too_few_trials_or_bars_say_so(shape: tuple[int, int]) -> None:
    returns = noise(1, shape[1], shape[0])
    got = said("cpcv_paths", returns, **SMALL)
    assert np.isnan(got["value"]["mean_sharpe"])
    assert got["why"]["path_count"] == "needs two trials and 60 bars that both have"
    assert paths(returns, **SMALL) == []


def test_trials_at_rest_are_cash() -> None:
    got = said("cpcv_paths", np.zeros((BARS, 3)), **SMALL)
    assert got["value"]["mean_sharpe"] == 0.0
    assert got["why"]["share_below_luck"] == "no two trials with different Sharpe ratios"


def test_refuses_when_no_fold_is_left_to_choose() -> None:
    failure = judge("cpcv_paths", long_form(noise(1)), prior([]), folds=4, judged_folds=4).failure
    assert isinstance(failure, CwsError) and failure.code == "CWS-BACKTEST-045"


def test_refuses_more_splits_than_memory_should_hold() -> None:
    failure = judge("cpcv_paths", long_form(noise(1, 2, 60_000)), prior([]), folds=12, judged_folds=6).failure
    assert isinstance(failure, CwsError) and failure.code == "CWS-BACKTEST-047"
