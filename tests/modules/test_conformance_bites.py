"""The conformance rules catch what they are for: each is shown a module with one planted fault."""

import importlib.util
import sys
import textwrap
from pathlib import Path

import pytest

from modules import conformance
from modules.contract import Module

SOUND = '''
"""Yesterday's return, as a sound module for the rules to pass."""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import ModuleSettings, module
from modules.examples import bars_example
from modules.panel import KEYS, by_symbol
from modules.tables import BARS, SIGNAL


class Settings(ModuleSettings):
    bars_back: int = Field(ge=1, le=10, description="bars over which the return is measured")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return bars_example(rng)


@module(takes=BARS, gives=SIGNAL, settings=Settings, example=example)
def planted(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    value = bars["close"] / by_symbol(bars)["close"].shift(settings.bars_back) - 1.0
    return bars[KEYS].assign(value=value)


@planted.accept
def keeps_keys(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The signal has exactly the bars' keys."""
    return after[KEYS].equals(before[KEYS])
'''
VALUE = 'value = bars["close"] / by_symbol(bars)["close"].shift(settings.bars_back) - 1.0'
CENTRED = 'value = by_symbol(bars)["close"].transform(lambda close: close.rolling(5, center=True).median())'
MANIFEST = 'judge = "value"\n\n[settings]\nbars_back = 5\n'


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Build the sound module with replacements, in a stage folder of its own."""

    def build(*replacements: tuple[str, str], manifest: str = MANIFEST) -> Module:
        source = SOUND.lstrip()
        for sound, faulty in replacements:
            assert source.count(sound) == 1, f"the sound module must hold {sound!r} once"
            source = source.replace(sound, faulty)
        folder = tmp_path / "feature"
        folder.mkdir()
        (folder / "planted.py").write_text(source)
        (folder / "planted.toml").write_text(manifest)
        spec = importlib.util.spec_from_file_location("planted_module", folder / "planted.py")
        assert spec is not None and spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "planted_module", loaded)
        spec.loader.exec_module(loaded)
        return loaded.planted

    return build


def reported(module: Module) -> set[str]:
    """The names of the rules that report the module."""
    return {violation.split(":")[0] for violation in conformance.violations(module)}


def test_a_sound_module_is_not_reported(planted) -> None:
    assert conformance.violations(planted()) == []


@pytest.mark.parametrize(
    "value",
    [
        CENTRED,
        'value = bars["close"] / bars["close"].mean()',
        'value = by_symbol(bars)["close"].shift(-1) / bars["close"] - 1.0',
        'value = by_symbol(bars)["close"].bfill()',
        'value = by_symbol(bars)["close"].shift(-1).notna().astype("float64")',
    ],
    ids=["centred window", "whole-sample mean", "next return", "filled backwards", "knows the last bar"],
)
def test_looking_ahead_is_reported(planted, value: str) -> None:
    assert reported(planted((VALUE, value))) == {"ignores_the_future"}


def accepting(body: str, why: str = "It says something.") -> tuple[str, str]:
    """A replacement that adds one acceptance check with this body."""
    head = "@planted.accept\ndef keeps_keys("
    check = f'''
        @planted.accept
        def planted_check(before: pd.DataFrame, after: pd.DataFrame) -> bool:
            """{why}"""
            {body}


        '''
    return head, textwrap.dedent(check).lstrip() + head


@pytest.mark.parametrize(
    "body", ["return True", "return len(after) >= 0", "return str(after['value'].dtype) == 'float64'"]
)
def test_a_check_that_cannot_fail_is_reported(planted, body: str) -> None:
    found = conformance.every_check_can_fail(planted(accepting(body)))
    assert found == ["check planted_check cannot fail: no mutated output breaks it"]


def test_a_check_that_can_fail_is_not_reported(planted) -> None:
    module = planted(accepting("return bool((after['value'].dropna() > -1.0).all())"))
    assert conformance.violations(module) == []


def test_a_check_that_fails_on_the_example_is_reported(planted) -> None:
    assert "runs_on_its_example" in reported(planted(accepting("return False")))


@pytest.mark.parametrize(
    "value",
    [
        VALUE + " + np.random.default_rng().normal(size=len(bars))",
        VALUE + " + np.random.random(len(bars))",
    ],
    ids=["unseeded generator", "global generator"],
)
def test_randomness_is_reported(planted, value: str) -> None:
    assert "deterministic" in reported(planted((VALUE, value)))


def test_state_between_runs_is_reported(planted) -> None:
    counted = ("@module(", "RUNS = []\n\n\n@module(")
    module = planted(counted, (VALUE, "RUNS.append(1)\n    " + VALUE + " + len(RUNS)"))
    assert "deterministic" in reported(module)


@pytest.mark.parametrize(
    "write",
    [
        'bars["close"] *= 2.0',
        'bars.loc[0, "close"] = 1.0',
        'bars.insert(0, "extra", 1.0)',
        "bars.drop(index=0, inplace=True)",
    ],
)
def test_writing_to_the_frame_never_reaches_the_input(planted, write: str) -> None:
    # pandas copies on write and the runner hands out a shallow copy, so there is nothing to report.
    assert conformance.input_untouched(planted((VALUE, write + "\n    " + VALUE))) == []


def test_writing_through_the_array_is_stopped(planted) -> None:
    stopped = planted((VALUE, 'bars["close"].to_numpy()[:] = 1.0\n    ' + VALUE))
    assert "runs_on_its_example" in reported(stopped), "pandas hands out read-only arrays"


def test_writing_through_a_forced_array_is_reported(planted) -> None:
    forced = 'array = bars["close"].to_numpy()\n    array.flags.writeable = True\n    array[:] = 1.0\n    '
    assert "input_untouched" in reported(planted((VALUE, forced + VALUE)))


BOUNDED = 'bars_back: int = Field(ge=1, le=10, description="bars over which the return is measured")'


@pytest.mark.parametrize(
    ("declaration", "what"),
    [
        ('bars_back: int = Field(description="bars")', "no bounds"),
        ('bars_back: int = Field(ge=1, description="bars")', "no bounds"),
        ('bars_back: int = Field(le=10, description="bars")', "no bounds"),
        ('bars_back: bool = Field(ge=0, le=1, description="a flag")', "no bounds"),
        ("bars_back: int = Field(ge=1, le=10)", "description"),
        ('bars_back: int = Field(default=5, ge=1, le=10, description="bars")', "not a default"),
    ],
)
def test_an_unbounded_or_undescribed_setting_is_reported(planted, declaration: str, what: str) -> None:
    manifest = MANIFEST.replace("5", "true") if "bool" in declaration else MANIFEST
    found = conformance.declared(planted((BOUNDED, declaration), manifest=manifest))
    assert len(found) == 1 and what in found[0]


def test_a_setting_without_a_value_is_reported(planted) -> None:
    assert "declared" in reported(planted(manifest='judge = "value"\n'))


def test_an_unknown_judge_is_reported(planted) -> None:
    assert "judge" in conformance.declared(planted(manifest=MANIFEST.replace("value", "taste")))[0]


def test_a_check_without_a_sentence_is_reported(planted) -> None:
    assert conformance.declared(planted(accepting("return True", why=""))) == ["check planted_check says no sentence"]


def test_a_module_without_checks_is_reported(planted) -> None:
    module = planted(("@planted.accept\n", ""))
    assert any("no acceptance check" in violation for violation in conformance.declared(module))


def test_a_bound_that_does_not_work_is_reported(planted) -> None:
    module = planted((VALUE, "assert settings.bars_back < 10\n    " + VALUE))
    assert reported(module) == {"settings_at_both_bounds"}


def test_falling_over_one_row_is_reported(planted) -> None:
    needs_rows = planted((VALUE, 'bars["close"].to_numpy()[1]\n    ' + VALUE))
    assert "empty_and_one_row" in reported(needs_rows)


def test_falling_over_a_hole_is_reported(planted) -> None:
    needs_values = planted((VALUE, 'assert bars["close"].notna().all()\n    ' + VALUE))
    assert reported(needs_values) == {"survives_adversarial_frames"}
