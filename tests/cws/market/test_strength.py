"""A planted information ratio is the one that the real modules earn; the null twin earns none."""

import functools

import numpy as np
import pytest
from made_up import REVERSAL, SMALL, annual_ir, backtested, frame_of, free_of_costs, weekly_reversal

from cws.market.spec import Alpha, World, without_alpha
from cws.market.strength import held_weights, ic_for_ir, reference_weights
from cws.market.truth import truth_of
from cws.strategies import Strategy
from modules.errors import CwsError

PANEL = World(name="strength", bars=1_250, symbols=20)
WANTED_IR = 1.5
SEEDS = tuple(range(40, 46))


@functools.cache
def planted() -> World:
    alpha = REVERSAL.model_copy(update={"ic": ic_for_ir(PANEL, REVERSAL, WANTED_IR)})
    return PANEL.model_copy(update={"alpha": alpha})


@functools.cache
def earned() -> tuple[tuple[float, float], ...]:
    """(IR in the null twin, in the planted world) of the weekly reversal through the real modules, a pair a seed."""
    worlds = (without_alpha(planted()), planted())
    pairs = [[annual_ir(backtested(world, seed, weekly_reversal())) for world in worlds] for seed in SEEDS]
    return tuple((null, with_alpha) for null, with_alpha in pairs)


def test_the_weekly_trader_earns_what_was_planted() -> None:
    gains = np.array([with_alpha - null for null, with_alpha in earned()])
    # Twins share their noise, so six pairs of five years say it to a few hundredths.
    assert gains.mean() == pytest.approx(WANTED_IR, abs=0.15)
    assert gains.std() < 0.3


def test_the_null_twin_earns_nothing() -> None:
    nulls = np.array([null for null, _ in earned()])
    # The standard error of a mean over 6 x 5 years is 0.18.
    assert abs(nulls.mean()) < 0.5


def test_the_truth_says_of_a_real_backtest_what_it_earns_without_luck() -> None:
    outcome = backtested(planted(), SEEDS[0], weekly_reversal())
    truth = truth_of(planted(), SEEDS[0])
    held = held_weights(truth, frame_of(outcome, "holdings"), frame_of(outcome, "equity"), "close")
    null, with_alpha = earned()[0]
    assert truth.expected_ir(held) == pytest.approx(with_alpha - null, abs=0.2)
    assert truth.expected_ir(held) == pytest.approx(truth.expected_ir(reference_weights(truth)), abs=0.15)
    assert truth.expected_ir(held) < truth.optimal_ir()
    assert truth.expected_ir(-held) == pytest.approx(-truth.expected_ir(held))
    nothing = truth_of(without_alpha(planted()), SEEDS[0])
    assert nothing.expected_ir(held) == 0.0 == nothing.optimal_ir() == nothing.information_coefficient()


def test_reference_weights_are_in_force_two_bars_after_the_week_began() -> None:
    truth = truth_of(planted(), SEEDS[0])
    held = reference_weights(truth)
    weeks = (np.array(truth.ts_event) // (86_400 * 10**9) + 3) // 7
    first = np.flatnonzero(np.diff(weeks, prepend=-1))
    changes = np.flatnonzero((np.diff(held, axis=0) != 0.0).any(axis=1)) + 1
    assert set(changes) <= set(first + 2) and len(changes) > 200
    for bar in first[5:-1]:
        assert held[bar + 2] == pytest.approx(truth.signal[bar] / np.abs(truth.signal[bar]).sum())


def test_the_true_value_of_a_patch_is_that_of_the_weights_it_changes() -> None:
    """A window of 40 bars is wrong in a world whose pattern has five: the patch to five is truly better."""
    text_settings = {"reversal_5d": {"window_bars": 40}}
    wrong = Strategy.model_validate(
        {**weekly_reversal().model_dump(), "settings": {**weekly_reversal().settings, **text_settings}}
    )
    truth = truth_of(planted(), SEEDS[0])
    held = [
        held_weights(truth, frame_of(outcome, "holdings"), frame_of(outcome, "equity"), "close")
        for outcome in (backtested(planted(), SEEDS[0], strategy) for strategy in (wrong, weekly_reversal()))
    ]
    assert truth.expected_ir(held[0]) < 0.9 < truth.expected_ir(held[1])
    assert truth.expected_ir(held[1] - held[0]) > 0.5


@pytest.mark.parametrize(
    "alpha",
    [
        Alpha(pattern="momentum", window_bars=126, skip_bars=21, ic=0.01, horizon_bars=20),
        Alpha(pattern="reversal", window_bars=10, ic=0.01, horizon_bars=10, half_life_bars=3.0),
    ],
    ids=lambda alpha: alpha.pattern,
)
def test_other_patterns_reach_the_wanted_ratio_on_other_seeds(alpha: Alpha) -> None:
    strong = PANEL.model_copy(update={"alpha": alpha.model_copy(update={"ic": ic_for_ir(PANEL, alpha, 1.0)})})
    found = [truth.expected_ir(reference_weights(truth)) for truth in (truth_of(strong, seed) for seed in SEEDS)]
    assert np.mean(found) == pytest.approx(1.0, abs=0.2)


def test_an_optimal_trader_earns_the_fundamental_law() -> None:
    """All means of full size: sqrt(bars a year x symbols) x ic, less where the horizon averages signals."""
    alpha = REVERSAL.model_copy(update={"ic": 0.02, "horizon_bars": 1})
    truth = truth_of(PANEL.model_copy(update={"alpha": alpha}), 3)
    # One over the variance in clusters is above one, so the ratio lies above the law of constant noise.
    assert truth.optimal_ir() == pytest.approx(0.02 * np.sqrt(252 * 20), rel=0.25)
    assert truth.information_coefficient() == pytest.approx(0.02, abs=0.004)


def test_the_intraday_reversion_is_found_by_the_real_intraday_strategy() -> None:
    alpha = Alpha(pattern="stretch", window_bars=64, ic=0.01, horizon_bars=8)
    null = SMALL["epoch_bars"].model_copy(update={"bars": 4_000})
    world = null.model_copy(update={"alpha": alpha.model_copy(update={"ic": ic_for_ir(null, alpha, 6.0)})})
    strategy, gains = free_of_costs("btc_intraday", "2.0"), list[float]()
    for seed in SEEDS[:3]:
        outcome, truth = backtested(world, seed, strategy), truth_of(world, seed)
        held = held_weights(truth, frame_of(outcome, "holdings"), frame_of(outcome, "equity"), "open")
        assert 4.0 < truth.expected_ir(held) < truth.optimal_ir()
        assert truth.expected_ir(reference_weights(truth)) == pytest.approx(6.0, abs=1.5)
        gains.append(annual_ir(outcome, 35_040.0) - annual_ir(backtested(null, seed, strategy), 35_040.0))
    # Six weeks a seed are few: the paths part, so twins share less than those of a panel.
    assert 2.0 < np.mean(gains) < 9.0


def test_an_impossible_strength_is_refused() -> None:
    with pytest.raises(CwsError) as refusal:
        ic_for_ir(SMALL["csv_ohlcv"], REVERSAL, 60.0)
    assert refusal.value.code == "CWS-MARKET-006"


def test_the_truth_of_another_world_judges_nothing() -> None:
    outcome = backtested(SMALL["csv_ohlcv"], 1, weekly_reversal())
    truth = truth_of(SMALL["csv_never_closes"], 1)
    with pytest.raises(CwsError) as refusal:
        held_weights(truth, frame_of(outcome, "holdings"), frame_of(outcome, "equity"), "close")
    assert refusal.value.code == "CWS-MARKET-005"
