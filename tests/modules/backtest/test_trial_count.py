"""The count of distinct trials and the spread of their ratios, whatever part of them is at hand."""

import numpy as np
import pytest
from many_trials import long_form, prior

from modules.backtest.account_statistics import sharpe_per_bar
from modules.backtest.trial_count import best_of_luck, counted, expected_max_sharpe, spread
from modules.backtest.trial_matrix import trial_matrix
from modules.errors import CwsError

RETURNS = np.random.default_rng(5).standard_normal((100, 3)) * 0.01


def test_trials_are_those_of_the_ledger_and_those_at_hand_each_once() -> None:
    # At hand are the trials 0, 1, 2; the ledger has 1 to 10.
    found = counted(prior(np.linspace(-0.1, 0.1, 10), first=1), trial_matrix(long_form(RETURNS)))
    assert (found["trials_distinct"], found["trials_in_matrix"]) == (11.0, 3.0)


def test_the_spread_is_that_of_all_known_ratios() -> None:
    ledger = [0.3, np.nan, -0.2, np.nan]
    own = [sharpe_per_bar(column) for column in RETURNS.T]
    # Trials 2 to 5 are in the ledger; trial 2 is at hand, so its ratio is that of its returns.
    found = counted(prior(ledger, first=2), trial_matrix(long_form(RETURNS)))
    assert found["sharpe_deviation"] == pytest.approx(np.std([*own, -0.2], ddof=1), rel=1e-12)
    assert found["expected_max_sharpe"] == expected_max_sharpe(found["sharpe_deviation"], 6)


def test_one_known_ratio_has_no_spread() -> None:
    assert np.isnan(spread(np.array([0.1, 0.1, np.nan])))
    assert np.isnan(best_of_luck(np.array([0.1, np.nan]), 2))
    assert best_of_luck(np.array([0.1, 0.2]), 50) > best_of_luck(np.array([0.1, 0.2]), 5)


def test_refuses_a_trial_that_the_ledger_counts_twice() -> None:
    twice = prior([0.1, 0.2])
    twice["key"] = twice["key"].iloc[0]
    with pytest.raises(CwsError, match="CWS-BACKTEST-005"):
        counted(twice, trial_matrix(long_form(RETURNS)))
