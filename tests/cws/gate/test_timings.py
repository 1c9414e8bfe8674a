"""Runtime: an exact permutation test over interleaved runs."""

import math

import numpy as np
import pytest

from cws.gate.timings import Timings, flip_p, saved
from modules.errors import CwsError


def test_known_p_values() -> None:
    assert flip_p(np.array([3.0, 1.0, 2.0])) == 1.0 / 8.0
    assert flip_p(np.array([3.0, -1.0, 2.0])) == 2.0 / 8.0
    assert flip_p(np.zeros(3)) == 1.0
    assert flip_p(np.array([0.1, 0.2, -0.3])) == 5.0 / 8.0


def test_a_drift_over_the_block_hits_both_alike() -> None:
    drift = np.exp(np.array([[0.0, 0.1, 0.2, 0.3]]))
    assert saved(Timings(True, drift))[0] == pytest.approx(0.0, abs=1e-15)
    assert saved(Timings(True, drift * np.array([2.0, 1.0, 1.0, 2.0])))[0] == pytest.approx(math.log(2.0))


def test_many_blocks_are_sampled_alike_every_time() -> None:
    values = np.random.default_rng(1).normal(0.3, 1.0, 30)
    assert flip_p(values) == flip_p(values)
    assert flip_p(values) == pytest.approx(0.06, abs=0.05)
    assert flip_p(np.full(30, 1.0)) == 1.0 / 100_000.0


def test_the_size_is_the_level() -> None:
    rows = np.random.default_rng(2).standard_t(2, (4_000, 8))
    p = np.array([flip_p(row) for row in rows])
    for level in (0.01, 0.05, 0.25):
        assert (p <= level).mean() <= level + 3.0 * math.sqrt(level / len(p))


@pytest.mark.parametrize("seconds", [np.ones(4), np.ones((3, 3)), np.zeros((3, 4)), np.full((3, 4), np.nan)])
def test_timings_that_cannot_be_are_refused(seconds: np.ndarray) -> None:
    with pytest.raises(CwsError, match="CWS-GATE-004"):
        Timings(True, seconds)
