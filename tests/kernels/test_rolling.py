"""Rolling statistics: every version gives the bytes of the plain loops, and those are what the names say."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes

from kernels import ordered
from kernels.cpu import rolling as cpu
from kernels.reference import rolling as reference

ONE = ("mean", "var", "std", "lowest", "highest", "rank")
TWO = ("corr", "slope", "intercept")
# What modules call before anything is compiled: the same semantics under older names.
ORDERED: dict[str, Callable[..., np.ndarray]] = {
    "mean": ordered.rolling_mean,
    "std": ordered.rolling_std,
    "lowest": ordered.rolling_min,
    "highest": ordered.rolling_max,
}
# Few values, so that ties and flat windows are common; giants overflow.
VALUE = st.sampled_from([0.0, -0.0, 1.0, 1.1, -2.5, 3e200, np.nan, np.inf, -np.inf]) | st.floats(-10.0, 10.0)
PAIRS = st.lists(st.tuples(VALUE, VALUE), max_size=24)


def columns(pairs: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=120, deadline=None)
@example(pairs=[(-0.0, -0.0)] * 3, bars=2)
@given(pairs=PAIRS, bars=st.integers(1, 9))
def test_every_version_has_the_bytes_of_the_plain_loops(pairs: list[tuple[float, float]], bars: int) -> None:
    y, x = columns(pairs)
    for name in ONE:
        expected = getattr(reference, name)(y, bars)
        assert same_bytes(getattr(cpu, name)(y, bars), expected), name
        if name in ORDERED:
            assert same_bytes(ORDERED[name](y, bars), expected), f"ordered {name}"
    for name in TWO:
        assert same_bytes(getattr(cpu, name)(y, x, bars), getattr(reference, name)(y, x, bars)), name


@settings(max_examples=60, deadline=None)
@given(pairs=PAIRS, weight=st.sampled_from([1.0, 0.5, 0.1]))
def test_ewma_has_the_bytes_of_the_plain_loop(pairs: list[tuple[float, float]], weight: float) -> None:
    values, _ = columns(pairs)
    with np.errstate(all="ignore"):
        expected = reference.ewma(values, weight)
        assert same_bytes(cpu.ewma(values, weight), expected)
        assert same_bytes(ordered.ewma(values, weight), expected)


@pytest.mark.parametrize("version", [reference, cpu], ids=["reference", "cpu"])
def test_names_mean_what_pandas_means(version: ModuleType) -> None:
    rng = np.random.default_rng(0)
    y, x = rng.normal(size=300), rng.normal(size=300)
    window, other = pd.Series(y).rolling(20), pd.Series(x)
    expected = {
        "mean": window.mean(), "var": window.var(), "std": window.std(), "lowest": window.min(),
        "highest": window.max(), "rank": window.rank(pct=True),
    }  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(version, name)(y, 20), values, rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(version.corr(y, x, 20), window.corr(other), rtol=1e-9)
    slopes = window.cov(other) / other.rolling(20).var()
    np.testing.assert_allclose(version.slope(y, x, 20), slopes, rtol=1e-9, atol=1e-12)
    level = window.mean() - slopes * other.rolling(20).mean()
    np.testing.assert_allclose(version.intercept(y, x, 20), level, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(version.ewma(y, 0.1), pd.Series(y).ewm(alpha=0.1, adjust=False).mean(), rtol=1e-9)


@pytest.mark.parametrize("version", [reference, cpu], ids=["reference", "cpu"])
def test_a_missing_value_leaves_with_its_bar(version: ModuleType) -> None:
    values = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])
    for name in ONE:
        known = ~np.isnan(getattr(version, name)(values, 3))
        assert known.tolist() == [False, False, False, False, False, True], name


@pytest.mark.parametrize("version", [reference, cpu], ids=["reference", "cpu"])
def test_no_bars_one_bar_and_windows_longer_than_the_data(version: ModuleType) -> None:
    for values in (np.empty(0), np.array([7.0]), np.arange(3.0)):
        for name in ONE:
            assert np.isnan(getattr(version, name)(values, 4)).all(), name
        for name in TWO:
            assert np.isnan(getattr(version, name)(values, values, 4)).all(), name
    assert version.mean(np.array([7.0]), 1).tolist() == [7.0]
    with pytest.raises(AssertionError, match="at least one bar"):
        version.mean(np.arange(3.0), 0)


def test_a_late_start_changes_no_full_window() -> None:
    values = np.random.default_rng(1).normal(size=400)
    for name in ONE:
        whole, late = getattr(cpu, name)(values, 30), getattr(cpu, name)(values[137:], 30)
        assert same_bytes(whole[137 + 29 :], late[29:]), name
