"""Cross-sections: every version gives the bytes of the plain loops, and those are what the names say."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes

from kernels import cross_section as with_numpy
from kernels.cpu import cross_section as cpu
from kernels.reference import cross_section as reference

VALUE = st.sampled_from([0.0, -0.0, 1.0, 1.1, -2.5, np.nan, np.nan, 3e200, np.inf]) | st.floats(-10.0, 10.0)
VERSIONS = pytest.mark.parametrize("version", [reference, cpu], ids=["reference", "cpu"])


@st.composite
def matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values and exposures (T, S), groups (S,)."""
    rows, symbols = draw(st.integers(0, 3)), draw(st.integers(0, 6))
    cells = draw(st.lists(VALUE, min_size=2 * rows * symbols, max_size=2 * rows * symbols))
    group = draw(st.lists(st.integers(-1, 2), min_size=symbols, max_size=symbols))
    both = np.array(cells, dtype=np.float64).reshape(2, rows, symbols)
    return both[0], both[1], np.array(group, dtype=np.int64)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=150, deadline=None)
@given(given_=matrices())
def test_every_version_has_the_bytes_of_the_plain_loops(given_: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    values, exposure, group = given_
    assert same_bytes(cpu.rank(values), reference.rank(values))
    assert same_bytes(cpu.z(values), reference.z(values))
    assert same_bytes(with_numpy.centred_rank(values), reference.rank(values))
    assert same_bytes(with_numpy.zscore(values), reference.z(values))
    assert same_bytes(cpu.neutralise(values, exposure), reference.neutralise(values, exposure))
    assert same_bytes(cpu.neutralise_groups(values, group), reference.neutralise_groups(values, group))


@VERSIONS
def test_ranks_and_scores_by_hand(version: ModuleType) -> None:
    values = np.array([[3.0, np.nan, 1.0, 1.0, 5.0], [2.0, 2.0, np.nan, 2.0, 2.0]])
    np.testing.assert_allclose(version.rank(values)[0], [1 / 3, np.nan, -2 / 3, -2 / 3, 1.0])
    known = np.array([3.0, 1.0, 1.0, 5.0])
    np.testing.assert_allclose(version.z(values)[0][[0, 2, 3, 4]], (known - known.mean()) / known.std(ddof=1))
    assert version.z(values)[1][[0, 1, 3, 4]].tolist() == [0.0] * 4


@VERSIONS
def test_residuals_are_orthogonal_to_what_is_taken_out(version: ModuleType) -> None:
    rng = np.random.default_rng(2)
    values, exposure = rng.normal(size=(5, 40)), rng.normal(size=(5, 40))
    values[1, 3] = exposure[2, 7] = np.nan
    left = version.neutralise(values, exposure)
    assert np.isnan(left[1, 3]) and np.isnan(left[2, 7])
    assert abs(np.nansum(left, axis=1)).max() < 1e-12
    assert abs(np.nansum(left * exposure, axis=1)).max() < 1e-12
    grouped = version.neutralise_groups(values, np.arange(40) % 4 - 1)
    assert np.isnan(grouped[:, ::4]).all()
    assert abs(np.nansum(grouped[:, 1::4], axis=1)).max() < 1e-12


@VERSIONS
def test_equal_exposures_leave_values_less_their_mean(version: ModuleType) -> None:
    assert version.neutralise(np.array([[1.0, 3.0]]), np.array([[0.1, 0.1]])).tolist() == [[-1.0, 1.0]]
