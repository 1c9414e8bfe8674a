"""A release in memory: what stands in a module's TOML while a block lasts, and again what stood before."""

import pytest

from cws.patches import Patch
from cws.release import in_force, released
from modules.registry import load
from modules.settings import bind


def test_values_are_in_force_inside_and_gone_outside() -> None:
    before = bind(load("cost_bps")).settings_hash
    with released([Patch("cost_bps", {"cost_bps": 3.0}), Patch("cost_bps", {"cost_bps": 4.0})]):
        assert bind(load("cost_bps")).settings.model_dump() == {"cost_bps": 4.0}
    assert bind(load("cost_bps")).settings_hash == before


def test_an_error_inside_puts_back_too() -> None:
    before = bind(load("rank_to_weight")).settings_hash
    with pytest.raises(RuntimeError), released([Patch("rank_to_weight", {}, {"schedule": "monthly"})]):
        assert bind(load("rank_to_weight")).chosen_skills == {"schedule": "monthly@1"}
        raise RuntimeError
    assert bind(load("rank_to_weight")).settings_hash == before


def test_what_is_in_force_can_be_handed_on() -> None:
    first, second = Patch("cost_bps", {"cost_bps": 3.0}), Patch("rank_to_weight", {}, {"schedule": "monthly"})
    with released([first]):
        with released([second]):
            assert in_force() == (first, second)
        assert in_force() == (first,)
    assert in_force() == ()
