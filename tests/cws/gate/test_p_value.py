"""The p-value: a t test where days are independent, wider where they are not, and never kinder to rare losses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cws.gate.p_value import enough_days, mean_tests, reference
from cws.gate.rules import OURS
from cws.gate.size_table import Cell, series, sizes


def symmetric(rng: np.random.Generator, days: int) -> np.ndarray:
    """No skewness at all: values and their mirror images."""
    half = rng.normal(size=days // 2)
    return rng.permutation(np.concatenate([half, -half]))


def test_of_independent_symmetric_days_it_is_students_after_halls_transformation() -> None:
    row = symmetric(np.random.default_rng(1), 64) + 0.3
    t = stats.ttest_1samp(row, 0.0, alternative="greater").statistic
    # No skewness, less its standard error.
    u = -np.sqrt(6.0 / 64.0) / np.sqrt(64.0)
    lower = t + u * (t**2 / 3.0 + 1.0 / 6.0) + u**2 * t**3 / 27.0
    assert t - 0.3 < lower < t
    assert mean_tests(row[None, :], 1).p[0] == pytest.approx(stats.t.sf(lower, 63), rel=1e-9)


def test_a_declared_horizon_has_fewer_degrees_of_freedom() -> None:
    assert reference(250, 1, 0).freedom == 249.0
    assert reference(250, 1, 3).freedom == 246.0
    # 25 cosines for a horizon of 5, less what their unequal weights cost.
    assert 20.0 < reference(250, 5, 0).freedom < 25.0
    assert reference(250, 10, 0).freedom < 12.0


def test_rare_losses_count_against_and_rare_gains_never_for() -> None:
    losses = 1.0 - np.random.default_rng(2).standard_exponential(64) + 0.4
    gains = 2.0 * losses.mean() - losses
    students = stats.ttest_1samp(losses, 0.0, alternative="greater").pvalue
    assert mean_tests(losses[None, :], 1).p[0] > 2.0 * students
    assert mean_tests(gains[None, :], 1).p[0] == pytest.approx(students, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), horizon=st.sampled_from([1, 2, 5]), lift=st.floats(0.0, 3.0))
def test_scale_means_nothing_and_a_higher_mean_no_larger_p(seed: int, horizon: int, lift: float) -> None:
    row = np.random.default_rng(seed).standard_t(5, (1, 100))
    p = mean_tests(row, horizon).p
    assert np.allclose(mean_tests(row * 4.0, horizon).p, p, rtol=1e-9)
    assert mean_tests(row + lift, horizon).p <= p * (1.0 + 1e-9)


def test_rows_are_judged_one_by_one_and_alike_every_time() -> None:
    rows = np.random.default_rng(3).normal(size=(5, 120))
    together = mean_tests(rows, 5).p
    assert together.tolist() == [float(mean_tests(row[None, :], 5).p[0]) for row in rows]


def test_a_series_that_never_varies() -> None:
    rows = np.array([[0.0] * 64, [1.0] * 64, [-1.0] * 64])
    nothing, always, never = mean_tests(rows, 1).p
    assert (nothing, never) == (1.0, 1.0)
    assert 0.0 < always < 1e-200


def test_twenty_effective_blocks_are_asked_for() -> None:
    assert enough_days(200, 10)
    assert not enough_days(199, 10)
    with pytest.raises(AssertionError, match="too few"):
        mean_tests(np.zeros((1, 64)), 5)


def test_dependence_that_is_not_declared_would_be_found_out() -> None:
    """The size table can fail: the same series judged as independent are far too often small."""
    rows = series(np.random.default_rng(4), Cell(250, 5, "normal ar", 2_000), 2_000)
    assert (mean_tests(rows, 1).p <= 0.01).mean() > 0.08
    assert (mean_tests(rows, 5).p <= 0.01).mean() < 0.02


def test_the_table_asks_the_decision_what_is_too_short() -> None:
    assert sizes(OURS, (1,), Cell(64, 5, "t5 ar", 100)).below is None
    counted = sizes(OURS, (1,), Cell(64, 1, "t5 sums", 1_000)).below
    assert counted is not None
    assert 0 < counted[0] < 25
