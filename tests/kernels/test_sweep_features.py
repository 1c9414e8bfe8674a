"""What the sweep's rules compare: known indicators, and for every set the columns of its own windows."""

import numpy as np
import pandas as pd
import pytest
from same_bytes import same_bytes

from kernels import ordered
from kernels.sweep_features import RULES, rsi, z_score

CLOSE = 100.0 * np.cumprod(1.0 + np.random.default_rng(8).normal(0.0, 0.02, 200))


def test_each_set_has_its_own_means_as_ma_cross_has_them() -> None:
    sets = np.array([[5.0, 3.0, 20.0], [20.0, 5.0, 60.0]])
    features, lanes = RULES["ma_cross"].features(CLOSE, sets)
    assert features.shape == (200, 4)
    for n in range(3):
        assert same_bytes(features[:, lanes.first[n]], ordered.rolling_mean(CLOSE, int(sets[0, n])))
        assert same_bytes(features[:, lanes.second[n]], ordered.rolling_mean(CLOSE, int(sets[1, n])))


def test_a_channel_ends_at_the_bar_before() -> None:
    sets = np.array([[10.0, 20.0], [20.0, 5.0]])
    features, lanes = RULES["donchian"].features(CLOSE, sets)
    for n in range(2):
        high = pd.Series(CLOSE).rolling(int(sets[0, n])).max().shift(1)
        low = pd.Series(CLOSE).rolling(int(sets[1, n])).min().shift(1)
        np.testing.assert_array_equal(features[:, lanes.first[n]], high)
        np.testing.assert_array_equal(features[:, lanes.second[n]], low)


def test_rsi_is_wilders() -> None:
    change = pd.Series(CLOSE).diff()
    gain, loss = (side.clip(lower=0.0).ewm(alpha=1.0 / 14.0, adjust=False).mean() for side in (change, -change))
    expected = 100.0 - 100.0 / (1.0 + gain / loss)
    np.testing.assert_allclose(rsi(CLOSE, 14)[14:], expected[14:], rtol=1e-9)
    assert np.isnan(rsi(CLOSE, 14)[:14]).all()
    assert rsi(np.array([1.0, 2.0, 3.0]), 1).tolist()[1:] == [100.0, 100.0]
    assert np.isnan(rsi(np.ones(5), 2)).all()


def test_z_score_is_over_the_sample_deviation() -> None:
    window = pd.Series(CLOSE).rolling(20)
    expected = (CLOSE - window.mean()) / window.std()
    np.testing.assert_allclose(z_score(CLOSE, 20), expected, rtol=1e-9, atol=1e-9)
    assert np.isnan(z_score(np.full(30, 0.1), 20)).all()


@pytest.mark.parametrize("rule", ["rsi_bands", "z_reversion"])
def test_levels_stay_with_their_sets(rule: str) -> None:
    sets = np.array([[20.0, 5.0, 20.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    features, lanes = RULES[rule].features(CLOSE, sets)
    column = rsi if rule == "rsi_bands" else z_score
    for n in range(3):
        assert same_bytes(features[:, lanes.first[n]], column(CLOSE, int(sets[0, n])))
    assert lanes.low.tolist() == [1.0, 2.0, 3.0] and lanes.high.tolist() == [4.0, 5.0, 6.0]
