"""The command that is suggested can be pasted, wherever the reader stands."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cws_dagster.invocation import again, cws

SCRIPT = Path(sys.executable).with_name("cws")


@pytest.mark.parametrize(
    ("program", "here", "on_path", "said"),
    [
        ("/a/b/.venv/bin/cws", "/a/b", None, ".venv/bin/cws"),
        ("/a/b/.venv/bin/cws", "/a/b", "/usr/bin/cws", ".venv/bin/cws"),
        ("/a/b/.venv/bin/cws", "/a/b", "/a/b/.venv/bin/cws", "cws"),
        ("/a/cws", "/very/far/away/from/it", None, "/a/cws"),
        ("/my desk/bin/cws", "/", None, "'my desk/bin/cws'"),
    ],
)
def test_the_shortest_word_that_reaches_the_program(program: str, here: str, on_path: str | None, said: str) -> None:
    assert again(Path(program), Path(here), on_path) == said


@pytest.mark.parametrize("called", [str(SCRIPT), "/gone/cws", "cli.py"])
def test_what_is_said_runs_where_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [called])
    found = subprocess.run([*shlex.split(cws()), "--help"], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.split()[:2]) == (0, ["Usage:", "cws"]), found.stderr


def test_without_a_script_the_module_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cli.py"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert cws() == f"{tmp_path / 'python'} -m cws_dagster.cli"
