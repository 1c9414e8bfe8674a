"""What make takes for tools that can build the gateway: with others the house goes on with paper fills."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def have_tools(folder: Path) -> bool:
    rule = "show: ; @if $(HAVE_TOOLS); then echo yes; else echo no; fi"
    environment = {**os.environ, "HOME": str(folder), "PATH": f"{folder}:/usr/bin:/bin"}
    done = subprocess.run(
        ["make", "-s", "--eval", rule, "show"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip() == "yes"


@pytest.mark.parametrize(
    ("version", "enough"), [("1.63.0", False), ("1.94.1", False), ("1.95.0", True), ("1.101.0", True)]
)
def test_a_cargo_that_is_too_old_counts_as_missing(tmp_path: Path, version: str, enough: bool) -> None:
    for tool in ("cargo", "g++"):
        (tmp_path / tool).write_text(f"#!/bin/sh\necho '{tool} {version} (0123abc 2026-01-01)'\n")
        (tmp_path / tool).chmod(0o755)
    assert have_tools(tmp_path) is enough
