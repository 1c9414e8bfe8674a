"""Compiled kernels are used again only while every source of the package is the same, whatever was imported first."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT, pure_environment

PROGRAM = """
{first}
from kernels.cpu import tails
print(tails.incomplete_beta(2.0, 3.0, 0.25), sum(tails._beta.stats.cache_hits.values()))
"""


def called(folder: Path, first: str) -> tuple[float, int]:
    """The kernel's value in a process of its own, and how many compiled versions came from the cache."""
    environment = pure_environment(PYTHONPATH=str(folder))
    command = [sys.executable, "-c", PROGRAM.format(first=first)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    value, hits = done.stdout.split()
    return float(value), int(hits)


@pytest.mark.parametrize("first", ["", "import numba"])
def test_an_edit_of_any_kernel_is_an_edit_of_all(tmp_path: Path, first: str) -> None:
    shutil.copytree(ROOT / "kernels", tmp_path / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    value, hits = called(tmp_path, first)
    assert hits == 0
    assert called(tmp_path, first) == (value, 1), "the second process compiles nothing"
    lanes = tmp_path / "kernels/lanes.py"
    lanes.write_text(lanes.read_text() + "\n# Another line.\n")
    assert called(tmp_path, first) == (value, 0), "another file of the package changed"
