"""What a module must be to be one: names, parameters and order are asserted where it is declared."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pydantic import Field, ValidationError

from modules.contract import Acceptance, Check, Module, ModuleSettings, module, namespace, table_name
from modules.errors import CwsError
from modules.registry import all_modules, load
from modules.tables import BARS, SIGNAL, WEIGHTS


class Settings(ModuleSettings):
    window_bars: int = Field(ge=1, le=9, description="bars")
    share: float = Field(ge=0.0, le=1.0, description="share")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame()


def test_contract(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """A core whose name is this file's, for the name of a module is its file's."""
    return bars


test_contract.__test__ = False  # type: ignore[attr-defined]


def test_a_core_named_like_its_file_is_a_module() -> None:
    made = module(takes=BARS, gives=SIGNAL, settings=Settings, example=example)(test_contract)
    assert isinstance(made, Module)
    assert (made.name, made.stage, list(made.takes), list(made.gives)) == (
        "test_contract",
        "modules",
        ["bars"],
        ["signal"],
    )
    assert made.why.startswith("What a module must be") and made.skill_kinds == ()


def test_a_core_of_another_name_is_none() -> None:
    def other(bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        return bars

    with pytest.raises(AssertionError, match="must be called test_contract"):
        module(takes=BARS, gives=SIGNAL, settings=Settings, example=example)(other)


def test_parameters_are_named_like_the_tables() -> None:
    with pytest.raises(AssertionError, match="parameters must be"):
        module(takes=WEIGHTS, gives=SIGNAL, settings=Settings, example=example)(test_contract)
    with pytest.raises(AssertionError, match="parameters must be"):
        module(takes=(BARS, WEIGHTS), gives=SIGNAL, settings=Settings, example=example)(test_contract)
    with pytest.raises(AssertionError, match="comes `settings`"):
        module(takes=(), gives=SIGNAL, settings=Settings, example=example)(test_contract)


@pytest.mark.parametrize("one", all_modules(), ids=lambda one: one.name)
def test_a_modules_files_name_it(one: Module) -> None:
    assert one.path.stem == one.name and one.path.parent.name == one.stage
    assert one.path.with_suffix(".toml").exists() and len({check.name for check in one.acceptance}) == len(
        one.acceptance
    )


def test_settings_are_frozen_strict_and_closed() -> None:
    chosen = Settings(window_bars=3, share=0.5)
    with pytest.raises(ValidationError):
        chosen.window_bars = 4  # type: ignore[misc]
    for wrong in (
        {"window_bars": "3"},
        {"window_bars": 3.0},
        {"window_bars": True},
        {"share": float("nan")},
        {"share": float("inf")},
        {"more": 1},
    ):
        with pytest.raises(ValidationError):
            Settings.model_validate({"window_bars": 3, "share": 0.5, **wrong})


def test_a_check_holds_plain_values() -> None:
    found = Check(np.bool_(True), np.float64(0.25), "<= 1")  # type: ignore[arg-type]
    assert found.passed is True and type(found.measured) is float
    assert Check(False).measured != Check(False).measured, "nothing measured is NaN"


def test_a_check_takes_settings_when_it_asks_for_them() -> None:
    def two(before: object, after: object) -> bool:
        return before == after

    def three(before: object, after: object, settings: Settings) -> Check:
        return Check(settings.window_bars == 3, 3.0)

    chosen = Settings(window_bars=3, share=0.5)
    assert Acceptance("two", "", two)(1, 2, chosen).passed is False
    assert Acceptance("three", "", three)(1, 2, chosen).passed is True


def test_one_table_is_itself_and_several_are_a_namespace() -> None:
    assert namespace({"bars": 1}) == 1
    assert namespace({"bars": 1, "weights": 2}) == SimpleNamespace(bars=1, weights=2)
    assert (table_name(bytes), table_name(BARS)) == ("raw", "bars")


def test_the_manifest_is_the_toml_beside_the_file() -> None:
    found = load("reversal_5d").manifest
    assert found.judge == "value" and found.settings["window_bars"] == 5


def test_an_error_says_code_what_where_and_what_to_do_in_any_process() -> None:
    error = CwsError("CWS-RUN-001", what="rows are missing", where="here", fix="look")
    assert str(error) == "CWS-RUN-001: rows are missing [here] -> look"
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.what, again.where, again.fix) == ("CWS-RUN-001", "rows are missing", "here", "look")
    assert str(CwsError("CWS-RUN-001", what="short")) == "CWS-RUN-001: short"
