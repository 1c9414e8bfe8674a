"""`cws reproduce`: the same bytes from the ledger's row, or which input is another one now."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_house import ROOT, Place, visible

import cws.environment
import cws.reproduce
from cws.reproduce import reproduce
from cws.trials import distinct
from cws_dagster.cli import main
from modules.contract import Manifest
from modules.errors import CwsError
from modules.registry import load

# All that a backtest publishes, less deflated Sharpe (it moves with the number of trials) and the empty quarantine.
COMPARED = {"weights", "equity", "holdings", "trades", "costs_by_kind", "stats"}


def test_the_same_bytes_again_and_one_more_look(copied: Place, done: Any) -> None:
    house, before = copied.house(), visible(copied.house())
    found = reproduce(house, done.trial, copied.strategies)
    assert (found.same, found.differs, found.changed) == (True, [], [])
    pins = before["pins"]
    assert found.hashes == {name: pins[name, "small_reversal"].hash for name in COMPARED}
    assert visible(copied.house())["pins"] == pins
    counted = distinct(house.ledger)
    assert counted["looks"].tolist() == [2]


def test_it_needs_neither_the_toml_nor_the_source_of_that_day(copied: Place, done: Any) -> None:
    """Everything comes from the ledger's row and the pins: what stands in the folder today does not matter."""
    shutil.rmtree(copied.strategies)
    found = reproduce(copied.house(), done.trial[:8], copied.strategies)
    assert found.same


def test_another_environment_is_named(copied: Place, done: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = {**cws.environment.environment(), "python": "3.99.0", "lock": "b3:other"}
    monkeypatch.setattr(cws.reproduce, "environment", lambda: now)
    found = reproduce(copied.house(), done.trial, copied.strategies)
    assert found.same
    assert [what.split(":")[0] for what in found.changed] == ["environment lock", "environment python"]
    assert "3.99.0 now" in found.changed[1]


def copied_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source tree that `code_hash` looks at, as a copy that may be edited."""
    for name in ("modules", "kernels"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cws.environment, "ROOT", folder)
    return folder


def test_other_code_is_named_even_where_the_bytes_are_the_same(
    copied: Place, done: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = copied_code(tmp_path / "code", monkeypatch)
    assert reproduce(copied.house(), done.trial, copied.strategies).changed == []
    with (code / "modules" / "backtest" / "vector_panel.py").open("a") as file:
        file.write("\n# another comment\n")
    found = reproduce(copied.house(), done.trial, copied.strategies)
    assert found.same
    assert [what.split(":")[0] for what in found.changed] == ["code"]
    # Other code is another question, even if it has the same answer: it counts.
    assert len(distinct(copied.house().ledger)) == 2


def test_code_of_another_chain_does_not_matter(
    copied: Place, done: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = copied_code(tmp_path / "code", monkeypatch)
    (code / "modules" / "feature" / "momentum_12_1.toml").write_text("judge = 'value'\n")
    assert reproduce(copied.house(), done.trial, copied.strategies).changed == []


def test_another_setting_of_a_module_is_named_with_what_differs(
    copied: Place, done: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The strategy leaves `max_gross` to the module's TOML, which says something else today."""
    module = load("leverage_cap")
    assert module.manifest.settings["max_gross"] == 1.0
    monkeypatch.setitem(vars(module), "manifest", Manifest(module.manifest.judge, {"max_gross": 0.5}))
    before = visible(copied.house())["pins"]
    monkeypatch.setenv("CWS_HOME", str(copied.home))
    monkeypatch.setenv("CWS_STRATEGIES", str(copied.strategies))
    assert main(["reproduce", done.trial, "--json"]) == 1
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["same"] is False
    assert set(said["differs"]) == COMPARED
    assert [what.split(":")[0] for what in said["changed"]] == ["settings"]
    assert visible(copied.house())["pins"] == before


def test_what_was_never_run_cannot_be_reproduced(copied: Place, done: Any) -> None:
    before = copied.house().ledger.head()
    for wanted in ("nothing", done.trial[:5], "999999"):
        with pytest.raises(CwsError) as refusal:
            reproduce(copied.house(), wanted, copied.strategies)
        assert refusal.value.code == "CWS-REPRO-001"
        assert done.trial[:12] in refusal.value.fix
    assert copied.house().ledger.head() == before
