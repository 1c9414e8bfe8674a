"""Moments for the test of a mean: both versions agree to the byte, and the cosines are what they are said to be."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes

from kernels.cpu.mean_test import moments
from kernels.reference import mean_test as reference


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(0, 3),
    days=st.integers(2, 30),
    frequencies=st.integers(0, 6),
    block=st.integers(1, 4),
)
def test_versions_agree_to_the_byte(seed: int, rows: int, days: int, frequencies: int, block: int) -> None:
    values = np.random.default_rng(seed).standard_t(3, (rows, days))
    table = reference.cosines(days, frequencies)
    block = min(block, days)
    assert same_bytes(moments(values, table, block), reference.moments(values, table, block))


def test_cosines_are_orthonormal_and_leave_the_constant_out() -> None:
    table = reference.cosines(40, 39)
    assert np.allclose(table.T @ table, np.eye(39), atol=1e-12)
    assert np.allclose(table.sum(axis=0), 0.0, atol=1e-12)


def test_all_frequencies_together_are_the_sum_of_squares() -> None:
    rows = np.random.default_rng(1).normal(size=(3, 40))
    every, none = reference.cosines(40, 39), np.empty((40, 0))
    assert np.allclose(moments(rows, every, 1)[:, 1], moments(rows, none, 1)[:, 1], rtol=1e-12)


def test_known_moments() -> None:
    rows = np.array([[0.0, 0.0, 0.0, 4.0], [2.0, 2.0, 2.0, 2.0]])
    mean, energy, skewness = moments(rows, np.empty((4, 0)), 1).T
    assert mean.tolist() == [1.0, 2.0]
    assert energy.tolist() == [12.0, 0.0]
    # Gaps -1 -1 -1 3: third moment 24 / 4, second 12 / 4.
    assert np.allclose(skewness, [6.0 / 3.0**1.5, 0.0])
    # Pairs of days: -2 and 2, which is symmetric.
    assert moments(rows, np.empty((4, 0)), 2)[0, 2] == 0.0
