"""Modules are found by their files: forty for the spine, each in one stage, none imported before it is asked for."""

import subprocess
import sys
from collections import Counter

import pytest

from modules.contract import STAGES
from modules.errors import CwsError
from modules.registry import ROOT, all_modules, load, names


def test_every_toml_is_a_module_and_every_module_has_one() -> None:
    files = {path.stem: path.parent.name for stage in STAGES for path in (ROOT / stage).glob("*.toml")}
    assert names() == files and len(names()) >= 40
    assert set(Counter(names().values())) == set(STAGES)


def test_loading_gives_the_module_of_that_name_and_the_same_one_again() -> None:
    assert [module.name for module in all_modules()] == list(names())
    assert load("returns") is load("returns")


def test_an_unknown_module_names_the_nearest() -> None:
    with pytest.raises(CwsError, match="CWS-MODULE-001") as refusal:
        load("reversal_6d", "s.toml [feature]")
    assert (refusal.value.where, refusal.value.fix) == ("s.toml [feature]", "did you mean 'reversal_5d'?")


def test_names_are_known_without_importing_a_module() -> None:
    script = (
        "import sys; from modules.registry import names; names(); "
        "print([name for name in sys.modules if name.startswith('modules.feature.')])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
