"""Trials as a matrix: the bars they share, what is refused, and Sharpe ratios from sums."""

import numpy as np
import pandas as pd
import pytest
from many_trials import keys_of, long_form

from modules.backtest.account_statistics import sharpe_per_bar
from modules.backtest.trial_matrix import sharpe_of_sums, trial_matrix
from modules.errors import CwsError


def test_a_bar_that_one_trial_lacks_is_left_out_for_all() -> None:
    returns = np.arange(12.0).reshape(4, 3) / 100.0
    table = long_form(returns)
    lacking = table[~((table["key"] == keys_of(3)[1]) & (table["ts_event"] == 2))]
    found = trial_matrix(lacking)
    assert found.keys == keys_of(3)
    assert found.ts_event.tolist() == [1, 3, 4]
    assert np.array_equal(found.returns, returns[[0, 2, 3]])


def test_rows_in_any_order_give_the_same_matrix() -> None:
    table = long_form(np.random.default_rng(1).uniform(-0.01, 0.01, (6, 4)))
    shuffled = table.sample(frac=1.0, random_state=3)
    assert np.array_equal(trial_matrix(table).returns, trial_matrix(shuffled).returns)


def test_no_rows_are_no_trials() -> None:
    assert trial_matrix(long_form(np.empty((0, 0)))).returns.shape == (0, 0)


@pytest.mark.parametrize("ret", [np.inf, -np.inf, np.nan, 1_000.1])
def test_refuses_a_return_that_no_account_has(ret: float) -> None:
    table = long_form(np.array([[0.0], [ret]]))
    with pytest.raises(CwsError, match=r"CWS-BACKTEST-041.*row 1"):
        trial_matrix(table)


def test_refuses_a_bar_given_twice() -> None:
    table = long_form(np.zeros((3, 2)))
    with pytest.raises(CwsError, match=r"CWS-BACKTEST-042.*ts_event 1"):
        trial_matrix(pd.concat([table, table.iloc[:1]]))


def test_refuses_trials_without_a_common_bar_and_names_the_shortest() -> None:
    table = long_form(np.zeros((4, 2)))
    apart = table[(table["key"] == keys_of(2)[0]) == (table["ts_event"] <= 3)]
    with pytest.raises(CwsError, match=rf"CWS-BACKTEST-043.*{keys_of(2)[1]} has the fewest"):
        trial_matrix(apart)


def test_ratios_from_sums_are_those_of_the_returns() -> None:
    returns = np.random.default_rng(2).standard_normal((500, 5)) * [1e-6, 1e-3, 0.01, 1.0, 50.0] + 1e-6
    total, squares = np.cumsum(returns, axis=0)[-1], np.cumsum(returns * returns, axis=0)[-1]
    expected = [sharpe_per_bar(column) for column in returns.T]
    assert sharpe_of_sums(500.0, total, squares) == pytest.approx(expected, rel=1e-10)


def test_who_does_not_move_has_a_ratio_of_zero() -> None:
    returns = np.full((7, 2), [0.0, 0.1])
    total, squares = np.cumsum(returns, axis=0)[-1], np.cumsum(returns * returns, axis=0)[-1]
    assert sharpe_of_sums(7.0, total, squares).tolist() == [0.0, 0.0]
