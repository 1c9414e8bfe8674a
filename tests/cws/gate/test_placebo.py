"""Placebos: real deltas without a mean, and the exact interval of how many ship."""

import numpy as np
import pytest
from scipy import stats

from cws.gate.decide import decide
from cws.gate.evidence import Value
from cws.gate.placebo import SHARE, exact_rate, slots, swapped
from cws.gate.worlds import evidence
from modules.errors import CwsError


def test_one_slot_in_twenty() -> None:
    chosen = slots(800, np.random.default_rng(1))
    assert chosen.size == 40
    assert (np.diff(chosen) > 0).all()
    assert slots(0, np.random.default_rng(1)).size == 0
    assert slots(800, np.random.default_rng(1)).tolist() == chosen.tolist()


@pytest.mark.parametrize("count", [1, 7, 19, 20, 33])
def test_every_slot_has_the_same_chance_however_small_its_batch(count: int) -> None:
    """Else the pooled rate would be that of small batches, and a batch of one half placebo."""
    rng, times = np.random.default_rng(4), 4_000
    drawn = [slots(count, rng) for _ in range(times)]
    assert {one.size for one in drawn} <= {count // 20, -(-count // 20)}
    share = np.bincount(np.concatenate(drawn), minlength=count) / times
    assert np.abs(share - SHARE).max() < 4.5 * np.sqrt(SHARE / times)


def test_labels_are_swapped_by_block_in_all_units_alike() -> None:
    measured = evidence(np.ones((2, 23)), np.empty((0, 23)), horizon_days=5).measured
    assert isinstance(measured, Value)
    deltas = swapped(measured.paired, np.random.default_rng(2)).deltas
    assert np.array_equal(deltas[0], deltas[1])
    assert set(np.abs(deltas).ravel()) == {1.0}
    blocks = [set(deltas[0, start : start + 5]) for start in range(0, 23, 5)]
    assert all(len(block) == 1 for block in blocks)
    assert {-1.0} in blocks
    assert {1.0} in blocks


def test_a_great_improvement_ships_and_its_placebo_does_not() -> None:
    rng, found = np.random.default_rng(3), 0
    for _ in range(400):
        given = evidence(rng.normal(1.0, 1.0, (1, 64)), np.empty((0, 64)))
        assert decide(given).public[0]
        assert isinstance(given.measured, Value)
        found += decide(evidence(swapped(given.measured.paired, rng).deltas, np.empty((0, 64)))).public[0]
    assert found <= 12


@pytest.mark.parametrize(("ships", "tries"), [(0, 40), (1, 40), (7, 40), (39, 40), (40, 40), (3, 3_000)])
def test_the_interval_is_clopper_and_pearsons(ships: int, tries: int) -> None:
    interval = stats.binomtest(ships, tries).proportion_ci(0.95, method="exact")
    rate = exact_rate(ships, tries)
    assert rate.share == ships / tries
    assert (rate.low, rate.high) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("ships", "tries"), [(-1, 3), (4, 3), (0, 0)])
def test_counts_that_cannot_be_are_refused(ships: int, tries: int) -> None:
    with pytest.raises(CwsError, match="CWS-GATE-006"):
        exact_rate(ships, tries)
