"""What is planted is what was asked: the pattern by its definition, its horizon, its strength; and never the future."""

import math

import numpy as np
import pytest

from kernels.market import stream, walk
from kernels.ordered import F64
from kernels.planted import PATTERNS, Pattern, Planted, horizon_weights, plant, rank_scores

BARS, SYMBOLS = 400, 6
SD = np.full(SYMBOLS, 0.01)
START = np.zeros(SYMBOLS)
NOISE = stream(5, 0).normal(0.0, 0.01, (BARS, SYMBOLS))


def planted(
    kind: str, window: int = 5, skip: int = 0, ic: float = 0.1, horizon: int = 3, noise: F64 = NOISE
) -> Planted:
    strength = np.full(noise.shape, ic) * SD
    return plant(START, noise, strength, SD, Pattern(kind, window, skip), horizon_weights(horizon, 2.0))


def test_scores_are_centred_and_of_mean_square_one() -> None:
    scores = rank_scores(7)
    assert scores.sum() == pytest.approx(0.0) and np.mean(scores**2) == pytest.approx(1.0)
    assert rank_scores(1).tolist() == [0.0]


def test_weights_halve_and_add_up_to_one() -> None:
    weights = horizon_weights(7, 3.0)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[3] / weights[0] == pytest.approx(0.5)


@pytest.mark.parametrize("kind", sorted(PATTERNS))
def test_without_strength_nothing_is_planted_to_the_byte(kind: str) -> None:
    made = planted(kind, ic=0.0)
    assert made.log_close.tobytes() == walk(START, NOISE).tobytes()
    assert not made.mean.any() and made.signal[10:].any()


@pytest.mark.parametrize("kind", sorted(PATTERNS))
def test_values_before_a_change_of_the_future_stay(kind: str) -> None:
    other = NOISE.copy()
    other[200:] *= -1.5
    made, changed = planted(kind), planted(kind, noise=other)
    for mine, theirs in zip(made, changed, strict=True):
        assert mine[:200].tobytes() == theirs[:200].tobytes()
    # The mean of bar 200 was settled by the closes before it.
    assert made.mean[200].tobytes() == changed.mean[200].tobytes()
    assert made.signal[200:].tobytes() != changed.signal[200:].tobytes()


def test_reversal_ranks_the_losers_of_the_window_highest() -> None:
    made = planted("reversal", window=5)
    past = made.log_close[5:] - made.log_close[:-5]
    assert (np.argsort(made.signal[5:], axis=1) == np.argsort(-past, axis=1)).all()
    assert not made.signal[:5].any()


def test_momentum_leaves_the_last_bars_out() -> None:
    made = planted("momentum", window=20, skip=4)
    past = made.log_close[16:-4] - made.log_close[:-20]
    assert (np.argsort(made.signal[20:], axis=1) == np.argsort(past, axis=1)).all()


def test_stretch_is_the_distance_from_the_mean_over_its_usual_size() -> None:
    made = planted("stretch", window=8)
    mean = np.mean([made.log_close[t - 7 : t + 1] for t in range(8, BARS)], axis=1)
    usual = 0.01 * math.sqrt(15 * 7 / 48)
    assert made.signal[8:] == pytest.approx(np.clip((mean - made.log_close[8:]) / usual, -2.0, 2.0))
    unclipped = (mean - made.log_close[8:]) / usual
    assert np.mean(unclipped**2) == pytest.approx(1.0, abs=0.35)


def test_the_mean_is_the_weighted_pattern_of_the_bars_before() -> None:
    made, weights = planted("reversal", horizon=3), horizon_weights(3, 2.0)
    lags = [made.signal[BARS - 20 - lag : BARS - lag] for lag in (1, 2, 3)]
    expected = 0.1 * 0.01 * sum(w * x for w, x in zip(weights, lags, strict=True))
    assert made.mean[BARS - 20 :] == pytest.approx(expected)
    assert made.log_close[-1] - made.log_close[-2] == pytest.approx(NOISE[-1] + made.mean[-1])
