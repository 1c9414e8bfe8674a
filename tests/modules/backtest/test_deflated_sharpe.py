"""The deflated Sharpe ratio: the worked example of its authors, simulated luck, and what cannot be said."""

import numpy as np
import pandas as pd
import pytest

from modules.backtest.deflated_sharpe import probability_above
from modules.backtest.trial_count import expected_max_sharpe
from modules.errors import CwsError
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.tables import PRIOR_TRIALS, STATS
from modules.unsealing import unseal
from modules.values import make_table

YEAR_BARS = 250.0


def account(**figures: float) -> pd.DataFrame:
    names = pd.Series(sorted(figures), dtype="str")
    reasons = pd.Series(
        ["" if np.isfinite(figures[name]) else "no dispersion" for name in sorted(figures)], dtype="str"
    )
    return pd.DataFrame({"name": names, "value": [figures[name] for name in sorted(figures)], "why": reasons})


def trials(sharpes: np.ndarray) -> pd.DataFrame:
    keys = pd.Series([f"{number:032x}" for number in range(len(sharpes))], dtype="str")
    return pd.DataFrame({"key": keys, "sharpe": np.asarray(sharpes, dtype=np.float64)})


def deflate(stats: pd.DataFrame, prior: pd.DataFrame) -> ModuleRun:
    inputs = {"stats": make_table(stats, STATS, "test"), "prior_trials": make_table(prior, PRIOR_TRIALS, "test")}
    return run(bind(load("deflated_sharpe")), inputs)


def rows(stats: pd.DataFrame, prior: pd.DataFrame) -> pd.DataFrame:
    outcome = deflate(stats, prior)
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    sealed = outcome.outputs["deflated"]
    assert isinstance(sealed, Sealed)
    return unseal(sealed).frame.set_index("name")


def test_worked_example_of_bailey_and_lopez_de_prado() -> None:
    # A yearly Sharpe ratio of 2.5 over 1,250 days of 250 a year, the best of 100 trials with a yearly variance of 1/2,
    # skew -3 and kurtosis 10: SR0 is 0.1132 per day, and the deflated ratio 0.9004.
    sharpe, deviation = 2.5 / YEAR_BARS**0.5, (0.5 / YEAR_BARS) ** 0.5
    # 100 evenly spaced different values, the account's own at place 50: a sample variance of 100 * 101 / 12 steps^2.
    step = deviation / (100.0 * 101.0 / 12.0) ** 0.5
    prior = trials(sharpe + step * np.delete(np.arange(-50.0, 50.0), 50))
    got = rows(account(kurtosis=10.0, return_count=1_250.0, sharpe_per_bar=sharpe, skew=-3.0), prior)["value"]
    assert got["trials"] == 100.0
    assert got["expected_max_sharpe"] == pytest.approx(0.1132, abs=5e-5)
    assert got["deflated_sharpe"] == pytest.approx(0.9004, abs=5e-5)


def test_without_deflation_it_is_the_probabilistic_sharpe_ratio() -> None:
    # Normal returns and a benchmark of zero: Phi(SR sqrt(T - 1) / sqrt(1 + SR^2 / 2)), here Phi(1.99502).
    assert probability_above(0.0, 0.1, 401.0, 0.0, 3.0) == pytest.approx(0.97698, abs=1e-5)
    assert probability_above(0.1, 0.1, 401.0, -1.0, 7.0) == 0.5


@pytest.mark.parametrize("count", [10, 100])
def test_expected_best_of_luck_is_what_simulation_shows(count: int) -> None:
    best = np.random.default_rng(7).standard_normal((20_000, count)).max(axis=1)
    # The formula is asymptotic: it is 2.4 % high at ten trials and 0.9 % at a hundred.
    assert expected_max_sharpe(1.0, count) == pytest.approx(best.mean(), rel=0.03)


def test_more_trials_deflate_more() -> None:
    stats = account(kurtosis=3.0, return_count=500.0, sharpe_per_bar=0.1, skew=0.0)
    spread = np.array([-0.05, 0.05])
    few, many = rows(stats, trials(spread)), rows(stats, trials(np.tile(spread, 50)))
    assert many.loc["deflated_sharpe", "value"] < few.loc["deflated_sharpe", "value"]


def test_byte_neutral_repetitions_of_a_trial_never_help() -> None:
    stats = account(kurtosis=3.0, return_count=500.0, sharpe_per_bar=0.1, skew=0.0)
    prior = np.array([-0.05, 0.02, 0.05])
    luck = [
        rows(stats, trials(np.concatenate([prior, np.full(copies, value)]))).loc["expected_max_sharpe", "value"]
        for value in (0.02, 0.05, 0.1)
        for copies in (0, 1, 10, 500)
    ]
    for series in (luck[:4], luck[4:8], luck[8:]):
        assert series == sorted(series) and series[-1] > 2.0 * series[0]


def test_a_trial_without_a_known_ratio_counts_and_is_told() -> None:
    stats = account(kurtosis=3.0, return_count=500.0, sharpe_per_bar=0.1, skew=0.0)
    known, more = (rows(stats, trials(np.array([0.02, *unknown]))) for unknown in ([], [np.nan] * 20))
    assert more.loc["trials", "value"] == 22.0
    assert more.loc["expected_max_sharpe", "value"] > known.loc["expected_max_sharpe", "value"]
    crashed = rows(stats, trials(np.array([np.nan, np.nan])))
    assert crashed.loc["trials", "value"] == 3.0 and crashed.drop(index="trials")["value"].isna().all()
    expected = "needs two trials with different Sharpe ratios; 2 of 2 other trials have no known Sharpe ratio"
    assert set(crashed.drop(index="trials")["why"]) == {expected}


def test_trials_that_all_say_the_same_have_no_spread() -> None:
    got = rows(account(kurtosis=3.0, return_count=500.0, sharpe_per_bar=0.1, skew=0.0), trials(np.full(500, 0.1)))
    assert got.drop(index="trials")["why"].eq("needs two trials with different Sharpe ratios").all()


def test_one_trial_alone_has_no_deflated_ratio() -> None:
    got = rows(account(kurtosis=3.0, return_count=500.0, sharpe_per_bar=0.1, skew=0.0), trials(np.array([])))
    assert got.loc["trials", "value"] == 1.0 and got.loc["trials", "why"] == ""
    assert got.drop(index="trials")["value"].isna().all()
    assert got.drop(index="trials")["why"].eq("needs two distinct trials").all()


def test_an_account_without_a_sharpe_ratio_says_so() -> None:
    nan = float("nan")
    got = rows(account(kurtosis=nan, return_count=500.0, sharpe_per_bar=nan, skew=nan), trials(np.array([0.1, 0.2])))
    assert np.isnan(got.loc["deflated_sharpe", "value"])
    assert got.loc["deflated_sharpe", "why"] == "the account has no kurtosis, sharpe_per_bar, skew"


def test_refuses_a_trial_that_is_counted_twice() -> None:
    prior = trials(np.array([0.1, 0.2]))
    prior = pd.concat([prior, prior.iloc[:1]], ignore_index=True)
    outcome = deflate(account(kurtosis=3.0, return_count=500.0, sharpe_per_bar=0.1, skew=0.0), prior)
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-BACKTEST-005"
