"""The verifier as its user has it: one file, copied away, run on a copied ledger."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cws.ledger import verify
from cws.ledger.ledger import Ledger

SOURCE = Path(verify.__file__)


def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Isolated (-I): no site folder of ours, no PYTHONPATH, no current folder on the path."""
    command = [sys.executable, "-I", "-S", str(cwd / "verify.py"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A folder that holds the verifier and a ledger of five entries, copied from elsewhere."""
    Ledger(tmp_path / "home", lambda: 5).append_many([("run", {"i": i}) for i in range(5)])
    (tmp_path / "away").mkdir()
    shutil.copytree(tmp_path / "home", tmp_path / "away" / "copied")
    shutil.copy(SOURCE, tmp_path / "away" / "verify.py")
    return tmp_path / "away"


def test_it_is_short_and_imports_the_standard_library_only() -> None:
    text = SOURCE.read_text()
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    assert len(text.splitlines()) <= 200


def test_a_sound_copy(away: Path) -> None:
    head = Ledger(away / "copied").head()
    ended = run(away, "copied")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {"ok: True", "entries: 5", f"head: {head.hash}", f"root: {head.root}", "torn_bytes: 0"} <= set(
        ended.stdout.splitlines()
    )
    assert ended.stdout.endswith("rollback not excluded\n")
    found = json.loads(run(away, "copied", "--json").stdout)
    assert found == verify.verify(away / "copied", None)
    assert (found["problems"], found["rollback"]) == ([], "not excluded")


def test_a_flip_is_located_in_words(away: Path) -> None:
    segment = away / "copied" / "segment-000000.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"i":3', b'"i":8'))
    ended = run(away, "copied")
    assert ended.returncode == 1
    assert "segment-000000.jsonl, line 4, entry 3: flipped: the content does not match its hash" in ended.stdout
    assert json.loads(run(away, "copied", "--json").stdout)["entries"] == 3


def test_two_faults_are_two_reports(away: Path) -> None:
    segment = away / "copied" / "segment-000000.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"i":1', b'"i":8').replace(b'"i":3', b'"i":8'))
    found = json.loads(run(away, "copied", "--json").stdout)
    assert [problem["entry"] for problem in found["problems"]] == [1, 3]


def test_a_torn_tail_is_reported_and_sound(away: Path) -> None:
    with (away / "copied" / "segment-000000.jsonl").open("ab") as file:
        file.write(b'{"body":')
    ended = run(away, "copied")
    assert ended.returncode == 0
    assert "torn_bytes: 8" in ended.stdout


def test_cut_entries_show_only_against_a_checkpoint(away: Path) -> None:
    checkpoint = away / "checkpoint.json"
    shutil.copy(away / "copied" / "acknowledged.json", checkpoint)
    assert "rollback excluded" in run(away, "copied", "--checkpoint", "checkpoint.json").stdout
    Ledger(away / "copied").append("run", {})
    assert run(away, "copied", "--checkpoint", "checkpoint.json").returncode == 0
    Ledger(away / "older", lambda: 5).append_many([("run", {"i": i}) for i in range(3)])
    assert run(away, "older").returncode == 0
    ended = run(away, "older", "--checkpoint", "checkpoint.json")
    assert ended.returncode == 1
    assert "cut: it saw 5 entries, 3 are sound" in ended.stdout
    assert ended.stdout.endswith("rollback detected\n")


def test_a_rewritten_history_shows_against_a_checkpoint(away: Path) -> None:
    checkpoint = away / "checkpoint.json"
    shutil.copy(away / "copied" / "acknowledged.json", checkpoint)
    Ledger(away / "other", lambda: 6).append_many([("run", {"i": i}) for i in range(9)])
    assert verify.verify(away / "other", None)["ok"]
    found = verify.verify(away / "other", checkpoint)
    assert (found["ok"], found["rollback"]) == (False, "detected")
    assert "rewritten" in str(found["problems"])


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"entries":-1,"root":"00"}', '{"entries":true,"root":"00"}'])
def test_an_unusable_checkpoint_is_wrong_use(away: Path, text: str) -> None:
    (away / "checkpoint.json").write_text(text)
    ended = run(away, "copied", "--checkpoint", "checkpoint.json")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "is no checkpoint" in ended.stderr


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["copied", "--loud"], ["copied", "--checkpoint", "nowhere"]])
def test_wrong_use_ends_with_two(away: Path, arguments: list[str]) -> None:
    ended = run(away, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr


def test_a_folder_without_a_ledger_is_not_sound(away: Path) -> None:
    (away / "bare").mkdir()
    assert run(away, "bare").returncode == 1


def test_a_segment_that_cannot_be_read_is_a_failure(away: Path) -> None:
    (away / "copied" / "segment-000001.jsonl").mkdir()
    assert run(away, "copied").returncode == 1
