"""Binaries of gateway/, built once by cargo; without cargo a test that needs one skips and says so."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from places import ROOT


@cache
def native_binary(package: str, name: str) -> Path:
    """Path of a debug build of `name`; the target folder is CARGO_TARGET_DIR or gateway/target."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is missing: install it with https://rustup.rs")
    command = ["cargo", "build", "-q", "-p", package, "--bin", name, "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT / "gateway", capture_output=True, text=True, env=os.environ, check=False)
    assert built.returncode == 0, built.stderr[-2_000:]
    artifacts = (json.loads(line) for line in built.stdout.splitlines() if line.startswith("{"))
    found = [artifact["executable"] for artifact in artifacts if artifact.get("target", {}).get("name") == name]
    return Path(found[-1])
