"""Tails against scipy's, far out too."""

import math

import numpy as np
import pytest
from scipy import special, stats

from kernels.cpu.tails import SMALLEST, incomplete_beta, t_upper


@pytest.mark.parametrize("freedom", [1.0, 3.7, 12.0, 63.0, 1259.0])
def test_t_is_scipys(freedom: float) -> None:
    t = np.concatenate([np.linspace(-40.0, 40.0, 401), [1e-4, 1e3]])
    assert np.allclose(t_upper(t, freedom), np.maximum(stats.t.sf(t, freedom), SMALLEST), rtol=1e-10, atol=0.0)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1.0, 1.0), (3.0, 98.0), (40.0, 399_961.0), (200.0, 7.5)])
def test_incomplete_beta_is_scipys(a: float, b: float) -> None:
    for x in (0.0, 1e-6, 1e-4, 0.03, 0.5, 0.97, 1.0):
        # lgamma of 400,000 has ten digits after the point; nothing here needs more.
        assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-300)


def test_nothing_known_is_no_evidence_and_no_tail_is_zero() -> None:
    assert t_upper(np.array([math.nan, -math.inf, math.inf]), 5.0).tolist() == [1.0, 1.0, SMALLEST]
    assert t_upper(np.array([1e200]), 500.0).tolist() == [SMALLEST]
