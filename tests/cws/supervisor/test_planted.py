"""Planted improvements ship and false ones do not; where nothing is to find, nothing ships. Small samples."""

import numpy as np

from cws.supervisor.planted import MISTAKES, drawn_patches, null_week, planted_week


def test_true_improvements_ship_and_false_ones_do_not() -> None:
    turned = MISTAKES[1]
    found = planted_week(turned, 3, count=3)
    true = [one for one in found if one.is_true]
    assert len(true) >= 3
    assert sum(one.ships for one in true) >= 0.8 * len(true)
    assert not any(one.ships for one in found if not one.is_true)


def test_nothing_ships_in_a_null_world() -> None:
    assert null_week(3, 12) == 0


def test_drawn_patches_are_distinct() -> None:
    drawn = drawn_patches(np.random.default_rng(0), 100)
    assert len({patch.id for patch in drawn}) == 100
