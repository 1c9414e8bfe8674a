"""Neutral series: both versions agree to the byte, and their mean and spread are those of least squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes

from kernels.cpu.neutral import neutral
from kernels.reference import neutral as reference


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), days=st.integers(1, 30), factors=st.integers(0, 4))
def test_versions_agree_to_the_byte(seed: int, days: int, factors: int) -> None:
    rng = np.random.default_rng(seed)
    deltas, paths = rng.normal(size=days), rng.normal(size=(factors, days))
    paths[1:2] = 2.0 * paths[:1][: len(paths[1:2])]
    assert same_bytes(neutral(deltas, paths), reference.neutral(deltas, paths))


def test_its_mean_is_the_intercept_and_its_spread_the_intercepts_error() -> None:
    rng = np.random.default_rng(2)
    factors, days = rng.standard_t(4, (3, 200)) + 0.2, 200
    deltas = 0.3 + np.array([1.0, -2.0, 0.5]) @ factors + rng.normal(size=days)
    design = np.vstack([np.ones(days), factors]).T
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ deltas
    residual = deltas - design @ fitted
    series = neutral(deltas, factors)
    assert series.mean() == pytest.approx(fitted[0], rel=1e-10)
    # White's (1980) error of the intercept, which knows what the factors' own means add.
    white = (inverse @ design.T * residual**2) @ design @ inverse
    assert series.var() / days == pytest.approx(white[0, 0], rel=1e-10)


def test_factors_change_nothing_that_they_explain() -> None:
    rng = np.random.default_rng(3)
    factors, deltas = rng.normal(size=(2, 50)), rng.normal(size=50)
    assert np.allclose(neutral(deltas + 7.0 * factors[1], factors), neutral(deltas, factors), atol=1e-12)


def test_a_constant_factor_explains_every_improvement() -> None:
    assert np.isnan(neutral(np.arange(9.0), np.ones((1, 9)))).all()
