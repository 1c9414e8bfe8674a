"""A patch is a typed diff of one module's TOML; everything else is refused before anything runs."""

import pytest
from places import STRATEGIES

from cws.patches import Patch, check, parse_patch, patch_toml, under
from cws.strategies import catalogue
from modules.errors import CwsError
from modules.registry import all_modules, load


def refusal(text: str) -> str:
    with pytest.raises(CwsError) as found:
        parse_patch(text, "patch.toml")
    assert found.value.fix
    return found.value.code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("module = ", "CWS-PATCH-001"),
        ("# " + "x" * 30_000, "CWS-PATCH-001"),
        ("a = " + "[" * 5_000, "CWS-PATCH-001"),
        (".".join("a" * 9_000) + " = 1", "CWS-PATCH-002"),
        ('module = "reversal_5d"\nwhy = "\ud800"', "CWS-PATCH-001"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = ' + "9" * 5_000, "CWS-PATCH-001"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = 0x' + "f" * 5_000, "CWS-PATCH-001"),
        ('module = "reversal_5d"\nwhy = 0x' + "f" * 5_000, "CWS-PATCH-002"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = ' + "9" * 400, "CWS-PATCH-001"),
        ('module = "reversal_5d"\nverdict = "ship"', "CWS-PATCH-002"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = [1]', "CWS-PATCH-002"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = true', "CWS-PATCH-002"),
        ('module = "reversal_5d"\nproposer = "rm -rf"\n', "CWS-PATCH-002"),
        ('module = "decide"\n[settings]\nlevel = 1.0', "CWS-PATCH-003"),
        ('module = "cws.gate.decide"\n[settings]\nlevel = 1.0', "CWS-PATCH-003"),
        ('module = "tests/test_tidy"\n[settings]\nlevel = 1.0', "CWS-PATCH-003"),
        ('module = "../gate"\n[settings]\nlevel = 1.0', "CWS-PATCH-003"),
        ('module = "position_limits"\n[settings]\nmax_weight = 0.9', "CWS-PATCH-004"),
        ('module = "leverage_cap"\n[settings]\nmax_gross = 3.0', "CWS-PATCH-004"),
        ('module = "pre_trade_checks"\n[settings]\nmax_orders_per_bar = 9_999', "CWS-PATCH-004"),
        ("module = \"csv_ohlcv\"\n[settings]\nsource = \"__import__('os').system('true')\"", "CWS-PATCH-005"),
        ('module = "csv_ohlcv"\n[settings]\nsource = "a; rm -rf /"', "CWS-PATCH-005"),
        ('module = "csv_ohlcv"\n[settings]\nsource = "$(id)"', "CWS-PATCH-005"),
        ('module = "alpha_formula"\n[settings]\nformula = "__import__(\'os\')"', "CWS-ALPHA-001"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = 5', "CWS-PATCH-006"),
        ('module = "reversal_5d"', "CWS-PATCH-006"),
        ('module = "reversal_5d"\n[settings]\nwindow_bras = 7', "CWS-SETTINGS-001"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = 100000000', "CWS-SETTINGS-002"),
        ('module = "reversal_5d"\n[settings]\nwindow_bars = "7"', "CWS-SETTINGS-002"),
        ('module = "reversal_5d"\n[skills]\nscale = "mad_scale"', "CWS-SKILL-001"),
        ('module = "winsorize"\n[skills]\nscale = "no_scale"', "CWS-SKILL-002"),
    ],
)
def test_what_no_run_could_decide_is_refused(text: str, code: str) -> None:
    assert refusal(text) == code


def test_a_patch_comes_back_from_its_own_text() -> None:
    patch = Patch("winsorize", {"z_max": 4.5, "window_bars": 63}, {"scale": "std_scale"}, "f-1", "skill_swap", 'a "b"')
    assert parse_patch(patch_toml(patch), "x") == patch


def test_every_character_that_a_patch_may_hold_comes_back() -> None:
    """TOML forbids some as they are, in a basic string; the patch as it was written escapes them."""
    why = "".join(map(chr, range(0x180)))
    patch = Patch("winsorize", {"z_max": 4.5}, why=why)
    assert parse_patch(patch_toml(patch), "x") == patch
    escaped = "".join(f"\\u{ord(character):04x}" for character in why)
    assert parse_patch(f'module = "winsorize"\nwhy = "{escaped}"\n[settings]\nz_max = 4.5\n', "x") == patch


def test_an_integer_where_a_setting_is_a_float_is_the_same_change() -> None:
    whole, real = (parse_patch(f'module = "winsorize"\n[settings]\nz_max = {text}', "x") for text in ("5", "5.0"))
    assert whole.id == real.id == Patch("winsorize", {"z_max": 5.0}).id == "35f9c36021f6"
    assert Patch("winsorize", {"window_bars": 63}).id == "7583fd523615", "an integer that stays one"
    assert Patch("no_module", {"z_max": 5}).id != Patch("no_module", {"z_max": 5.0}).id, "of a type that nobody knows"


def test_equal_changes_have_equal_ids_whoever_proposed_them() -> None:
    one = Patch("reversal_5d", {"window_bars": 7}, {}, "f-1", "settings_search", "because")
    assert one.id == Patch("reversal_5d", {"window_bars": 7}).id != Patch("reversal_5d", {"window_bars": 8}).id


def test_every_limit_of_the_house_takes_no_patch() -> None:
    limits = [module for module in all_modules() if module.manifest.judge == "limit"]
    assert {"position_limits", "leverage_cap", "pre_trade_checks"} <= {module.name for module in limits}
    for module in limits:
        with pytest.raises(CwsError, match="CWS-PATCH-004"):
            check(Patch(module.name, {}), "x")


def test_what_a_recipe_says_itself_stays_under_a_patch() -> None:
    strategy = catalogue(STRATEGIES).strategy("xs_reversal")
    patch = Patch("rank_to_weight", {"gross": 0.5}, {"schedule": "monthly"})
    after = under(strategy, patch)
    assert after.settings_of(load("rank_to_weight"))["gross"] == 0.5
    assert after.skills["rank_to_weight"]["schedule"] == "weekly", "the strategy's own choice"
    assert strategy.settings_of(load("rank_to_weight")) == {}, "the recipe itself is as it was"
    assert under(strategy, Patch("cost_bps", {"cost_bps": 0.0})) == strategy, "shared settings are the strategy's own"
    assert under(strategy, Patch("momentum_12_1", {"skip_bars": 5})) == strategy, "not in its chains"
