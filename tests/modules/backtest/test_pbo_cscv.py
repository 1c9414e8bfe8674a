"""Probability of overfitting: a plain count of all splits, noise, skill, anti-persistence, and what cannot be said."""

import itertools
import math
from statistics import median

import numpy as np
import pytest
from many_trials import judge, long_form, prior, said
from scipy.stats import rankdata

from modules.errors import CwsError

BARS, TRIALS = 480, 20


def noise(seed: int, trials: int = TRIALS, bars: int = BARS) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((bars, trials)) * 0.01


def by_hand(returns: np.ndarray, blocks: int) -> dict[str, float]:
    """The paper's steps, split by split, on the returns themselves."""
    parts = np.array_split(returns[len(returns) % blocks :], blocks)
    inside, outside, logits = [], [], []
    for half in itertools.combinations(range(blocks), blocks // 2):
        picked, judged = (
            np.concatenate([part for number, part in enumerate(parts) if (number in half) is side])
            for side in (True, False)
        )
        one, other = (x.mean(axis=0) / x.std(axis=0, ddof=1) for x in (picked, judged))
        best = int(np.argmax(one))
        share = rankdata(other)[best] / (returns.shape[1] + 1)
        inside.append(one[best])
        outside.append(other[best])
        logits.append(math.log(share / (1.0 - share)))
    return {
        "pbo": float(np.mean(np.array(logits) <= 1e-12)),
        "logit_median": median(logits),
        "prob_loss_oos": float(np.mean(np.array(outside) < 0.0)),
        "degradation_slope": float(np.polyfit(inside, outside, 1)[0]),
        "splits": float(len(logits)),
    }


@pytest.mark.parametrize(("blocks", "trials"), [(4, 7), (8, 5), (10, 2)])
def test_is_the_papers_count_of_all_splits(blocks: int, trials: int) -> None:
    returns = noise(3, trials, 203)
    got = said("pbo_cscv", returns, blocks=blocks)["value"]
    for name, value in by_hand(returns, blocks).items():
        assert got[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_choosing_among_noise_is_a_coin() -> None:
    found = [said("pbo_cscv", noise(seed), blocks=8)["value"]["pbo"] for seed in range(40)]
    # One history's share scatters by about 0.2, so the mean of forty by 0.03.
    assert 0.4 < float(np.mean(found)) < 0.6
    assert max(found) > 0.6 and min(found) < 0.4


def test_one_trial_with_skill_is_no_overfitting() -> None:
    returns = noise(1)
    returns[:, 4] += 0.005
    got = said("pbo_cscv", returns)["value"]
    assert got["pbo"] < 0.001 and got["prob_loss_oos"] < 0.01 and got["logit_median"] == pytest.approx(math.log(TRIALS))


def test_whoever_is_good_here_is_bad_there() -> None:
    # No trial earns anything over the whole history, so what it earns in one half it loses in the other.
    blocks = 8
    luck = np.random.default_rng(9).standard_normal((blocks, TRIALS)) * 0.002
    returns = noise(2, bars=800) + np.repeat(luck, 100, axis=0)
    returns -= returns.mean(axis=0)
    got = said("pbo_cscv", returns, blocks=blocks)["value"]
    assert (
        got["pbo"] > 0.99 and got["prob_loss_oos"] == 1.0 and got["degradation_slope"] == pytest.approx(-1.0, abs=0.1)
    )


def test_says_how_many_of_the_counted_trials_it_saw() -> None:
    got = said("pbo_cscv", noise(1, 5), prior(np.linspace(-0.1, 0.1, 40)))["value"]
    assert (got["trials_in_matrix"], got["trials_distinct"]) == (5.0, 40.0)


def test_trials_at_rest_are_cash() -> None:
    losing = noise(4, 3) - 0.004
    losing[:, 1] = 0.0
    got = said("pbo_cscv", losing)["value"]
    assert got["pbo"] == 0.0 and got["prob_loss_oos"] == 0.0
    idle = said("pbo_cscv", np.zeros((BARS, 3)))
    # Equal trials stand at the median, and a pick that cannot be told from the others is no find.
    assert idle["value"]["pbo"] == 1.0 and idle["why"]["degradation_slope"] == "the best trials' ratios are all equal"


@pytest.mark.parametrize("shape", [(0, 0), (BARS, 1), (31, 4), (1, 3)])
def test_too_few_trials_or_bars_say_so(shape: tuple[int, int]) -> None:
    got = said("pbo_cscv", noise(1, shape[1], shape[0]))
    assert np.isnan(got["value"]["pbo"]) and got["why"]["pbo"] == "needs two trials and 32 bars that both have"
    assert got["value"]["trials_in_matrix"] == (shape[1] if shape[0] else 0)


def test_refuses_blocks_without_halves() -> None:
    failure = judge("pbo_cscv", long_form(noise(1)), prior([]), blocks=5).failure
    assert isinstance(failure, CwsError) and failure.code == "CWS-BACKTEST-044"
