"""The pieces of a made-up market: each has the law that it claims, and a longer draw begins with a shorter one."""

import math

import numpy as np
import pytest

from kernels import market

BARS = 60_000


def draws(purpose: int = 0) -> np.random.Generator:
    return market.stream(11, purpose)


def test_streams_are_told_apart_by_seed_and_purpose() -> None:
    first = market.stream(1, 2).random(4)
    assert first.tolist() == market.stream(1, 2).random(4).tolist()
    assert first.tolist() != market.stream(1, 3).random(4).tolist()
    assert first.tolist() != market.stream(2, 2).random(4).tolist()


def test_shocks_have_unit_variance_and_the_tails_of_their_degrees_of_freedom() -> None:
    shocks = market.unit_t(draws(), (BARS, 3), 8.0)
    assert np.var(shocks) == pytest.approx(1.0, abs=0.03)
    # Excess kurtosis of t with n degrees of freedom: 6 / (n - 4).
    assert np.mean(shocks**4) - 3.0 == pytest.approx(1.5, abs=0.4)


@pytest.mark.parametrize("bars", [1, 7, 500])
def test_a_longer_draw_begins_with_a_shorter_one(bars: int) -> None:
    assert market.unit_t(draws(), (900, 5), 4.0)[:bars].tobytes() == market.unit_t(draws(), (bars, 5), 4.0).tobytes()


def test_clusters_follow_the_recursion_and_keep_the_mean_variance() -> None:
    shocks = draws().standard_normal((BARS, 4))
    sd = market.clustered_sd(shocks, 0.1, 0.85)
    assert (sd[0] == 1.0).all()
    expected = 0.05 + sd[6] ** 2 * (0.1 * shocks[6] ** 2 + 0.85)
    assert sd[7] ** 2 == pytest.approx(expected)
    assert np.mean(sd**2) == pytest.approx(1.0, abs=0.05)
    assert sd.max() ** 2 <= market.MAX_VARIANCE * (1.0 + 1e-12)


def test_a_chain_stays_in_its_states_as_long_as_it_should() -> None:
    inside = market.switched(draws().random(BARS), 0.01, 0.05)
    assert not inside[0] or draws().random(1)[0] < 0.01
    assert inside.mean() == pytest.approx(0.01 / 0.06, abs=0.02)
    changes = np.count_nonzero(np.diff(inside.astype(int)))
    assert inside.sum() / (changes / 2) == pytest.approx(1.0 / 0.05, rel=0.1)


def test_stress_changes_when_the_volatility_comes_and_not_how_much() -> None:
    inside = market.switched(draws().random(BARS), 0.01, 0.05)
    scale = market.regime_scale(inside, 3.0, 0.01, 0.05)
    assert np.mean(scale**2) == pytest.approx(1.0, abs=0.08)
    assert scale[inside].max() / scale[~inside].max() == pytest.approx(3.0)
    assert (market.regime_scale(inside, 3.0, 0.0, 0.05) <= 3.0).all()


def test_a_session_is_heavy_at_both_ends() -> None:
    place = (np.arange(26) + 0.5) / 26
    weight = market.u_shape(place, 0.8)
    assert weight.mean() == pytest.approx(1.0, abs=2e-3)
    assert weight[0] == pytest.approx(weight.max()) == weight[-1] and 0.0 < weight.min() == pytest.approx(weight[13])
    assert (market.u_shape(place, 0.0) == 1.0).all()


def test_persistence_is_the_first_autocorrelation() -> None:
    flow = market.persistent(draws().standard_normal((BARS, 1)), 0.7)[:, 0]
    assert np.var(flow) == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(flow[1:], flow[:-1])[0, 1] == pytest.approx(0.7, abs=0.02)


def test_jumps_are_as_rare_and_as_large_as_asked() -> None:
    jump = market.jumps(draws(1).random(BARS), draws(2).standard_normal(BARS), 0.05, 0.04)
    assert np.count_nonzero(jump) / BARS == pytest.approx(0.05, abs=0.005)
    assert np.std(jump[jump != 0.0]) == pytest.approx(0.04, rel=0.05)


def test_loadings_mix_factors() -> None:
    factors, loadings = draws().standard_normal((9, 3)), draws(1).standard_normal((3, 4))
    assert market.loaded(factors, loadings) == pytest.approx(factors @ loadings)


def test_the_highest_point_of_a_bridge_has_its_law() -> None:
    body, variance = np.full(BARS, 0.01), np.full(BARS, 4e-4)
    up, down = market.bridge_extremes(body, variance, draws(1).random(BARS), draws(2).random(BARS))
    assert (up >= body).all() and (down <= 0.0).all()
    for level in (0.015, 0.03):
        assert (up > level).mean() == pytest.approx(math.exp(-2.0 * level * (level - 0.01) / 4e-4), abs=0.01)
        assert (down < 0.01 - level).mean() == pytest.approx(math.exp(-2.0 * level * (level - 0.01) / 4e-4), abs=0.01)


def test_bars_are_possible_at_every_tick_size() -> None:
    shape = (BARS // 10, 3)
    log_open, body = draws(3).uniform(-3.0, 5.0, shape), draws(4).normal(0.0, 0.02, shape)
    extremes = market.bridge_extremes(body, np.full(shape, 4e-4), draws(5).random(shape), draws(6).random(shape))
    for ticks in (10.0, 10_000.0):
        bars = market.price_bars(log_open, log_open + body, extremes, ticks)
        assert (bars.low > 0.0).all()
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (np.rint(bars.close * ticks) / ticks == bars.close).all()


def test_volume_is_whole_and_rises_with_the_move() -> None:
    level, moves = np.full(3, 10.0), np.array([0.0, 1.0, 5.0])
    volume = market.volumes(level, moves, np.zeros(3), 0.3)
    assert volume.tolist() == sorted(volume.tolist()) and volume[1] == math.floor(math.exp(10.0))
    assert market.volumes(np.array([-50.0]), moves[:1], np.zeros(1), 0.3).tolist() == [1.0]
