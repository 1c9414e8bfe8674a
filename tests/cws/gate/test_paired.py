"""What the gate sees: shapes that fit, units of one scale, factors taken out, missing days."""

import dataclasses

import numpy as np
import pytest

from cws.gate.paired import PairedDeltas, averaged, scaled
from modules.errors import CwsError

DAYS = np.arange(100, dtype=np.int64) * 86_400_000_000_000
NONE = np.empty((0, 100))


def test_units_are_brought_to_one_scale_and_averaged() -> None:
    rng = np.random.default_rng(1)
    small, large = rng.normal(0.0, 0.001, 100), rng.normal(0.0, 0.1, 100)
    series = averaged(PairedDeltas(DAYS, np.vstack([small, large]), NONE))
    assert np.allclose(series, (small / np.sqrt((small**2).mean()) + large / np.sqrt((large**2).mean())) / 2.0)


def test_the_scale_knows_no_labels() -> None:
    rng = np.random.default_rng(2)
    deltas, coins = rng.normal(0.3, 1.0, 100), rng.choice([-1.0, 1.0], 100)
    assert np.array_equal(scaled(deltas * coins) * coins, scaled(deltas))


def test_a_unit_that_never_changes_stays_zero_and_counts() -> None:
    deltas = np.vstack([np.ones(100), np.zeros(100)])
    assert np.allclose(averaged(PairedDeltas(DAYS, deltas, NONE)), 0.5)


def test_factors_are_taken_out_of_each_unit() -> None:
    rng = np.random.default_rng(3)
    factors, own = rng.normal(size=(2, 100)), rng.normal(0.5, 0.1, (1, 100))
    moved = averaged(PairedDeltas(DAYS, own + 50.0 * factors[:1], factors))
    # The scale is that of the raw delta, so only what is relative is the same.
    assert moved.std() / moved.mean() == pytest.approx(0.2, abs=0.03)


def test_missing_days_are_averaged_over_who_is_there() -> None:
    deltas = np.vstack([np.ones(100), -np.ones(100)])
    deltas[1, :40] = np.nan
    deltas[:, 99] = np.nan
    series = averaged(PairedDeltas(DAYS, deltas, NONE))
    assert series.size == 99
    assert series[:40].tolist() == [1.0] * 40
    assert series[40:].tolist() == [0.0] * 59


def test_a_unit_too_short_to_be_judged_is_left_out() -> None:
    deltas = np.full((2, 100), np.nan)
    deltas[0] = 1.0
    deltas[1, :19] = -1.0
    assert averaged(PairedDeltas(DAYS, deltas, NONE)).tolist() == [1.0] * 100
    assert averaged(PairedDeltas(DAYS, deltas[1:], NONE)).size == 0
    assert averaged(PairedDeltas(DAYS[:0], deltas[:, :0], NONE[:, :0])).size == 0


@pytest.mark.parametrize(
    ("days", "deltas", "factors", "horizon"),
    [
        (DAYS, np.zeros(100), NONE, 1),
        (DAYS[:99], np.zeros((1, 100)), NONE, 1),
        (DAYS, np.zeros((1, 100)), np.zeros((1, 99)), 1),
        (DAYS[::-1], np.zeros((1, 100)), NONE, 1),
        (DAYS, np.full((1, 100), np.inf), NONE, 1),
        (DAYS, np.zeros((1, 100)), np.full((1, 100), np.nan), 1),
        (DAYS, np.zeros((1, 100)), NONE, 0),
    ],
)
def test_what_does_not_fit_is_refused(days, deltas, factors, horizon) -> None:
    with pytest.raises(CwsError, match="CWS-GATE-001"):
        PairedDeltas(days, deltas, factors, horizon)


def test_a_constant_factor_is_refused() -> None:
    with pytest.raises(CwsError, match="CWS-GATE-002"):
        averaged(PairedDeltas(DAYS, np.ones((1, 100)), np.ones((1, 100))))


def test_it_carries_no_proposer_and_cannot_be_written() -> None:
    assert {field.name for field in dataclasses.fields(PairedDeltas)} == {
        "days_ns", "deltas", "factors", "horizon_days",
    }  # fmt: skip
    with pytest.raises(ValueError, match="read-only"):
        PairedDeltas(DAYS, np.zeros((1, 100)), NONE).deltas[0, 0] = 1.0


def test_rounding_is_no_change() -> None:
    noise = np.random.default_rng(3).normal(0.0, 1e-16, (1, 100))
    assert not averaged(PairedDeltas(DAYS, noise, NONE)).any()
