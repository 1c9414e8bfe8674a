"""The stationary bootstrap: both versions agree to the byte, and blocks are as long as they are said to be."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes

from kernels.cpu import bootstrap as cpu
from kernels.ordered import ordered_mean
from kernels.reference import bootstrap as reference

VERSIONS = pytest.mark.parametrize("version", [reference, cpu], ids=["reference", "cpu"])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), reps=st.integers(0, 4), bars=st.integers(0, 12), block=st.floats(1.0, 9.0))
def test_versions_agree_to_the_byte(seed: int, reps: int, bars: int, block: float) -> None:
    rng = np.random.default_rng(seed)
    values, start, restart = rng.normal(size=bars), rng.random((reps, bars)), rng.random((reps, bars))
    # The largest uniform is still inside the history.
    start[:, :1] = np.nextafter(1.0, 0.0)
    positions = reference.indices(start, restart, block)
    assert same_bytes(cpu.indices(start, restart, block), positions)
    assert same_bytes(cpu.means(values, start, restart, block), reference.means(values, start, restart, block))
    assert ((positions >= 0) & (positions < max(bars, 1))).all()


@VERSIONS
def test_a_history_by_hand(version: ModuleType) -> None:
    start = np.array([[0.6, 0.0, 0.0, 0.3, 0.9]])
    restart = np.array([[0.9, 0.9, 0.9, 0.1, 0.9]])
    positions = version.indices(start, restart, 4.0)
    assert positions.tolist() == [[3, 4, 0, 1, 2]]
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert version.means(values, start, restart, 4.0).tolist() == [ordered_mean(values[positions[0]])]


@VERSIONS
def test_blocks_last_as_long_as_said(version: ModuleType) -> None:
    rng = np.random.default_rng(3)
    positions = version.indices(rng.random((20, 1_000)), rng.random((20, 1_000)), 8.0)
    breaks = (np.diff(positions, axis=1) % 1_000 != 1).mean()
    assert abs(breaks - 1.0 / 8.0) < 0.01


@VERSIONS
def test_a_block_holds_a_bar(version: ModuleType) -> None:
    with pytest.raises(AssertionError, match="at least one bar"):
        version.indices(np.zeros((1, 1)), np.zeros((1, 1)), 0.5)
