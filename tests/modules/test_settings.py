"""Overrides on a module's own TOML: bounds hold, unknown words are refused with the nearest known one."""

import pytest

from modules.errors import CwsError
from modules.registry import all_modules, load
from modules.settings import bind, nearest


def refused(code: str, *arguments: object) -> CwsError:
    with pytest.raises(CwsError) as refusal:
        bind(*arguments)  # type: ignore[arg-type]
    assert refusal.value.code == code
    return refusal.value


def test_the_toml_gives_the_values_and_an_override_wins() -> None:
    module = load("reversal_5d")
    assert bind(module).settings.model_dump() == dict(module.manifest.settings)
    assert bind(module, {"window_bars": 7}).settings.model_dump()["window_bars"] == 7


def test_an_unknown_setting_names_the_nearest() -> None:
    error = refused("CWS-SETTINGS-001", load("reversal_5d"), {"windw_bars": 5}, {}, "s.toml [feature]")
    assert error.fix == "did you mean 'window_bars'?" and error.where == "s.toml [feature]"


@pytest.mark.parametrize("value", [0, 253, 5.0, "5", True, None])
def test_a_value_outside_its_bounds_or_type_is_refused(value: object) -> None:
    error = refused("CWS-SETTINGS-002", load("reversal_5d"), {"window_bars": value})
    assert "window_bars" in error.what and repr(value) in error.what and "cws modules show" in error.fix


def test_an_unknown_skill_names_the_nearest() -> None:
    error = refused("CWS-SKILL-002", load("rank_to_weight"), {}, {"schedule": "weekley"})
    assert error.fix == "did you mean 'weekly'?"


def test_a_skill_of_a_kind_that_a_module_does_not_use_is_refused() -> None:
    assert refused("CWS-SKILL-001", load("rank_to_weight"), {}, {"shedule": "weekly"}).fix == "did you mean 'schedule'?"
    assert refused("CWS-SKILL-001", load("reversal_5d"), {}, {"schedule": "weekly"}).fix == "known: none"


def test_the_settings_hash_follows_settings_and_skills_and_nothing_else() -> None:
    module = load("rank_to_weight")
    known = bind(module).settings_hash
    assert (
        bind(module, dict(module.manifest.settings), dict(module.manifest.skills), "elsewhere").settings_hash == known
    )
    assert bind(module, {"gross": 0.5}).settings_hash != known
    assert bind(module, {}, {"schedule": "monthly"}).settings_hash != known


def test_a_chosen_skill_carries_its_version() -> None:
    chosen = bind(load("rank_to_weight")).chosen_skills
    assert set(chosen) == {"schedule"} and chosen["schedule"].startswith("weekly@")


@pytest.mark.parametrize("module", all_modules(), ids=lambda module: module.name)
def test_every_module_binds_to_its_own_toml(module) -> None:
    assert set(bind(module).skills) == set(module.skill_kinds)
    assert set(bind(module).functions()) == set(module.skill_kinds)


def test_nearest_says_what_is_known_when_nothing_is_near() -> None:
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
    assert nearest("x", []) == "known: none"
