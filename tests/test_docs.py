"""Documents are true: every named path exists, every named command runs, every number is a number."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import forked_commands
import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "ARCHITECTURE.md")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^[A-Za-z_.][\w./*-]*$")
OURS = (
    "cws_dagster/",
    "assets/",
    "cws/",
    "modules/",
    "kernels/",
    "strategies/",
    "tests/",
    "docs/",
    "benchmarks/",
    ".ci/",
)
# Proven by their own tests.
WRITES = (
    *(
        "cws run",
        "cws backtest",
        "cws reproduce",
        "cws alpha",
        "cws bench",
        "cws gate certify",
        "cws supervise --budget",
        "cws supervise --certify",
        "cws ablate",
    ),
    *("cws loop rollback", "cws loop shadow", "cws loop bundle"),
    *("cws gateway up", "cws gateway down", "cws kill", "cws rearm"),
)


def _spans(document: str) -> list[str]:
    return SPAN.findall((ROOT / document).read_text())


def _paths() -> list[tuple[str, str]]:
    named = [(d, span) for d in DOCUMENTS for span in _spans(d) if PATH.match(span)]
    files = [(d, s) for d, s in named if s.startswith(OURS) or s.endswith((".md", ".toml", ".yaml"))]
    links = [(d, link) for d in DOCUMENTS for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / d).read_text())]
    return sorted(set(files + links))


def _commands() -> list[str]:
    spans = {span.removeprefix(".venv/bin/") for document in DOCUMENTS for span in _spans(document)}
    return sorted(span for span in spans if span.startswith("cws ") and not span.startswith(WRITES))


def _verbs() -> list[str]:
    text = "".join((ROOT / document).read_text() for document in DOCUMENTS)
    return sorted(set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.M)))


@pytest.mark.parametrize(("document", "path"), _paths())
def test_named_path_exists(document: str, path: str) -> None:
    assert list(ROOT.glob(path)), f"{document} names {path}, which is not there"


@pytest.mark.parametrize("verb", _verbs())
def test_named_verb_is_in_the_makefile(verb: str) -> None:
    done = subprocess.run(["make", "-n", verb], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def commands(real_run) -> Iterator[subprocess.Popen[str]]:
    """One process, which each command is a fork of, over the real home."""
    environment = {**os.environ, "CWS_HOME": str(real_run.home)}
    program = [sys.executable, forked_commands.__file__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(program, cwd=ROOT, env=environment, text=True, **pipes) as process:
        yield process


@pytest.mark.parametrize("command", _commands())
def test_named_command_runs(command: str, commands: subprocess.Popen[str]) -> None:
    arguments = ["modules", "verify", "reversal_5d"] if command == "cws modules verify" else command.split()[1:]
    assert commands.stdin is not None and commands.stdout is not None
    commands.stdin.write(json.dumps(arguments) + "\n")
    commands.stdin.flush()
    code, said = json.loads(commands.stdout.readline())
    assert code == 0, f"{command}: {said[-1000:]}"


def test_the_installed_program_is_the_command_line() -> None:
    done = subprocess.run([ROOT / ".venv/bin/cws", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "Usage: cws" in done.stdout, done.stderr


def test_the_numbers_are_measured() -> None:
    """A blank is honest, a placeholder is not."""
    readme = (ROOT / "README.md").read_text()
    assert "MEASURE" not in readme.replace("Measured", "")
    rows = [line for line in readme.splitlines() if line.startswith("|") and "not built yet" in line]
    assert all(line.split("|")[2].strip() == "" for line in rows)


def test_the_wiring_carries_the_numbers_of_the_map() -> None:
    steps = re.findall(
        r"^\s*(\d)\. (?:\*\*)?(open|module|check|suite|publish)", (ROOT / "ARCHITECTURE.md").read_text(), re.M
    )
    wired = re.findall(r"^\s*(\d)\. (open|module|check|suite|publish)", (ROOT / "assets/wiring.py").read_text(), re.M)
    assert steps == wired
    assert len(wired) == 5
