"""Intervals that hold for the best of N trials: coverage after a choice, the count, and what cannot be said."""

import numpy as np
import pandas as pd
import pytest
from many_trials import keys_of, prior, tables

from modules.backtest.bootstrap_ci import interval, resampled
from modules.backtest.trials_ci import _reach
from modules.errors import CwsError
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import bind
from modules.tables import EQUITY, PRIOR_TRIALS
from modules.values import make_table


def account(returns: np.ndarray) -> pd.DataFrame:
    value = 1e6 * np.cumprod(np.append(1.0, 1.0 + returns))
    zeros = np.zeros(len(value))
    stamps = {"ts_event": np.arange(1, len(value) + 1, dtype=np.int64), "equity_usd": value, "cash_usd": value}
    return pd.DataFrame({**stamps, "cost_usd": zeros, "turnover_usd": zeros})


def bounded(returns: np.ndarray, others: int, **settings: object) -> ModuleRun:
    taken = {
        "equity": make_table(account(returns), EQUITY, "test"),
        "prior_trials": make_table(prior(np.full(others, np.nan)), PRIOR_TRIALS, "test"),
    }
    return run(bind(load("trials_ci"), {"reps": 200, "block_bars": 5, **settings}), taken)


def rows(returns: np.ndarray, others: int, **settings: object) -> pd.DataFrame:
    return tables(bounded(returns, others, **settings))["trial_intervals"].set_index("name")


def test_reach_is_students_for_all_trials_at_once() -> None:
    # Two-sided 5 % with 30 degrees of freedom is 2.0423; a tenth of it 2.75 at 1 % and ten trials of 10 %.
    assert _reach(0.05, 1, 31.0) == pytest.approx(2.0423, abs=5e-5)
    assert _reach(0.1, 10, 31.0) == pytest.approx(2.7500, abs=5e-5)


def test_holds_for_the_best_of_many_where_the_plain_one_does_not() -> None:
    rng, trials, histories, level = np.random.default_rng(21), 25, 40, 0.9
    plain = counted = 0
    for _ in range(histories):
        returns = rng.standard_normal((300, trials)) * 0.01
        best = returns[:, int(np.argmax(returns.mean(axis=0) / returns.std(axis=0)))]
        low, _ = interval(resampled(best, 200, 5, 1)[:, 1], level)
        plain += low <= 0.0
        counted += rows(best, trials - 1, miss=1.0 - level).loc["sharpe_per_bar", "low"] <= 0.0
    # The best of 25 without skill lies about two deviations above zero, beyond the plain interval more often than not.
    assert plain < 0.6 * histories and counted >= 0.9 * histories


def test_more_trials_widen_it_around_what_was_seen() -> None:
    returns = np.random.default_rng(3).standard_normal(400) * 0.01 + 0.001
    one, many = rows(returns, 0), rows(returns, 9_999)
    assert one["level"].tolist() == [0.95] * 2 and many["level"].tolist() == [1.0 - 0.05 / 10_000] * 2
    assert (many["low"] < one["low"]).all() and (many["high"] > one["high"]).all()
    middle = (many["low"] + many["high"]) / 2.0
    assert middle["mean_return_per_bar"] == pytest.approx(returns.mean(), rel=1e-6)
    assert middle["sharpe_per_bar"] == pytest.approx(returns.mean() / returns.std(ddof=1), rel=1e-6)


@pytest.mark.parametrize("returns", [np.empty(0), np.full(1, 0.1), np.full(99, 0.01)])
def test_too_few_blocks_say_nothing(returns: np.ndarray) -> None:
    assert rows(returns, 3)[["low", "high"]].isna().all(axis=None)


def test_an_account_at_rest_has_no_sharpe_interval() -> None:
    got = rows(np.zeros(200), 3)
    assert got.loc["sharpe_per_bar", ["low", "high"]].isna().all()
    assert got.loc["mean_return_per_bar", ["low", "high"]].tolist() == [0.0, 0.0]


def test_refuses_a_trial_that_is_counted_twice() -> None:
    twice = prior([0.1, 0.2]).assign(key=pd.Series([keys_of(1)[0]] * 2, dtype="str"))
    taken = {
        "equity": make_table(account(np.zeros(9)), EQUITY, "test"),
        "prior_trials": make_table(twice, PRIOR_TRIALS, "test"),
    }
    failure = run(bind(load("trials_ci")), taken).failure
    assert isinstance(failure, CwsError) and failure.code == "CWS-BACKTEST-005"
