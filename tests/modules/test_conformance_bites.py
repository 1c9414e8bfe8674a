"""The conformance rules catch what they are for: each is shown a module with one planted fault."""

import importlib.util
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from modules import conformance
from modules.contract import Module
from modules.examples import DAY_NS, START_NS, bars_example
from modules.mutations import altered_future
from modules.registry import load

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


def loaded(folder: Path, patch: pytest.MonkeyPatch, stage: str, name: str, source: str, manifest: str) -> Module:
    """A module from its source, in a stage folder of its own."""
    (folder / stage).mkdir()
    (folder / stage / f"{name}.py").write_text(source)
    (folder / stage / f"{name}.toml").write_text(manifest)
    spec = importlib.util.spec_from_file_location(f"{name}_module", folder / stage / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    patch.setitem(sys.modules, f"{name}_module", made)
    spec.loader.exec_module(made)
    return getattr(made, name)


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Build the sound module with replacements, in a stage folder of its own."""

    def build(*replacements: tuple[str, str], manifest: str = MANIFEST) -> Module:
        source = SOUND.lstrip()
        for sound, faulty in replacements:
            assert source.count(sound) == 1, f"the sound module must hold {sound!r} once"
            source = source.replace(sound, faulty)
        return loaded(tmp_path, monkeypatch, "feature", "planted", source, manifest)

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


COMES_BACK = """last = by_symbol(bars)["ts_event"].transform("max").to_numpy()[carried]
    back = expected[place] < last
    carried, place, age = carried[back], place[back], age[back]
    old = bars.iloc[carried]"""
CARRIED_ANYWHERE = "np.isnan(prices[name]) & bars[name].notna().any() for name in PRICES"


@pytest.mark.parametrize(
    ("name", "sound", "faulty"),
    [
        ("forward_fill", "old = bars.iloc[carried]", COMES_BACK),
        ("bar_sanity", "np.isnan(prices[name]) for name in DEMANDED[settings.carries]", CARRIED_ANYWHERE),
    ],
)
def test_cleaning_that_looks_ahead_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sound: str, faulty: str
) -> None:
    """A hole filled only if the symbol comes back; a field demanded only if some later row has it."""
    file = load(name).path
    source, manifest = file.read_text(), file.with_suffix(".toml").read_text()
    assert source.count(sound) == 1
    module = loaded(tmp_path, monkeypatch, "clean", name, source.replace(sound, faulty), manifest)
    found = conformance.ignores_the_future(module)
    assert found and all("not there" in violation for violation in found)


def test_an_altered_future_changes_every_measurement_and_no_key() -> None:
    bars = bars_example(np.random.default_rng(1), 20)
    cut_ns = START_NS + 9 * DAY_NS
    later = bars["ts_event"] > cut_ns
    altered = altered_future(bars, cut_ns, np.random.default_rng(2))
    changed = {str(name) for name in bars.columns if (altered[name] != bars[name])[later].all()}
    assert changed == {"open", "high", "low", "close", "adj_close", "volume", "age_bars"}
    assert altered[bars.columns.difference(list(changed))].equals(bars[bars.columns.difference(list(changed))])
    assert altered[~later].equals(bars[~later])


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


@pytest.mark.parametrize("broken", ["settings.bars_back > 1", "settings.bars_back < 9"])
def test_a_value_beside_an_open_bound_that_does_not_work_is_reported(planted, broken: str) -> None:
    opened = (BOUNDED, BOUNDED.replace("ge=1, le=10", "gt=0, lt=10"))
    assert reported(planted(opened, (VALUE, f"assert {broken}\n    " + VALUE))) == {"settings_at_both_bounds"}


def test_a_real_value_beside_an_open_bound_is_tried(planted) -> None:
    opened = (BOUNDED, 'share: float = Field(gt=0.0, le=1.0, description="a share")')
    value = (VALUE, 'assert settings.share > 1e-300\n    value = bars["close"] * settings.share')
    module = planted(opened, value, manifest=MANIFEST.replace("bars_back = 5", "share = 0.5"))
    assert reported(module) == {"settings_at_both_bounds"}


def test_falling_over_one_row_is_reported(planted) -> None:
    needs_rows = planted((VALUE, 'bars["close"].to_numpy()[1]\n    ' + VALUE))
    assert "empty_and_one_row" in reported(needs_rows)


def test_falling_over_a_hole_is_reported(planted) -> None:
    needs_values = planted((VALUE, 'assert bars["close"].notna().all()\n    ' + VALUE))
    assert reported(needs_values) == {"survives_adversarial_frames"}
