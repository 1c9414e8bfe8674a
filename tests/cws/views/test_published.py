from dataclasses import replace

import numpy as np
import pandas as pd
from publishing import START_NS, backtest_unit, make_equity, publish

from cws.house import House
from cws.views.published import bar_equity, daily_equity, drawdown, open_backtest

HOUR_NS = 3_600_000_000_000


def test_figures_are_the_finite_ones_of_stats_deflated_and_intervals(house: House) -> None:
    unit = backtest_unit()
    backtest = open_backtest(house, unit, publish(house, unit, make_equity(30)))
    assert dict(backtest.figures) == {
        "sharpe": 0.7, "max_drawdown": -0.2, "cagr": 0.05, "deflated_sharpe": 0.5, "trials": 2.0,
        "sharpe_low": -0.5, "sharpe_high": 1.5,
    }  # fmt: skip


def test_identity_is_the_question_and_the_answer(house: House) -> None:
    unit = backtest_unit()
    first = open_backtest(house, unit, publish(house, unit, make_equity(30)))
    again = open_backtest(house, unit, publish(house, unit, make_equity(30)))
    other_answer = open_backtest(house, unit, publish(house, unit, make_equity(30, seed=1)))
    other_question = open_backtest(house, unit, publish(house, unit, make_equity(30), key="q" * 32))
    assert first.identity == again.identity
    assert len({first.identity, other_answer.identity, other_question.identity}) == 3
    assert (first.looks, again.looks, other_question.looks) == (1, 2, 1)
    assert (first.trials, other_question.trials) == (1, 2)
    assert again.ledger_index > first.ledger_index


def test_caveat_is_the_strategys_and_the_datasets(house: House) -> None:
    unit = backtest_unit()
    backtest = open_backtest(house, unit, publish(house, unit, make_equity(5)))
    assert unit.recipe.caveat in backtest.caveat and unit.dataset.caveat in backtest.caveat
    bare = replace(unit, dataset=unit.dataset.model_copy(update={"caveat": ""}))
    assert replace(backtest, unit=bare).caveat == unit.recipe.caveat


def test_sessions_of_a_year_follow_the_calendar(house: House) -> None:
    for name, sessions in (("xs_reversal", 252), ("btc_intraday", 365)):
        unit = backtest_unit(name)
        assert open_backtest(house, unit, publish(house, unit, make_equity(5))).sessions_per_year == sessions


def test_daily_equity_is_the_last_bar_of_each_utc_day() -> None:
    # 21:00 + 0, 2, 4 hours: the third bar is past midnight.
    equity = make_equity(3, step_ns=2 * HOUR_NS)
    days = daily_equity(equity)
    assert [str(day.date()) for day in days.index] == ["2020-01-02", "2020-01-03"]
    assert list(days) == [equity["equity_usd"][1], equity["equity_usd"][2]]


def test_bar_equity_keeps_every_bar_at_its_time() -> None:
    by_bar = bar_equity(make_equity(3, step_ns=HOUR_NS))
    assert list(by_bar.index) == [pd.Timestamp(START_NS + hour * HOUR_NS) for hour in range(3)]


def test_drawdown_is_measured_from_the_highest_so_far() -> None:
    fall = drawdown(pd.Series([100.0, 50.0, 200.0, 150.0]))
    np.testing.assert_array_equal(fall, [0.0, -0.5, 0.0, -0.25])
