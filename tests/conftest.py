"""One run of the real pipeline for the whole test session: whoever comes first makes it, all others only read it."""

import fcntl
import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# Helpers that several folders' tests share are imported by their folder: an installed package owns the name `tests`.
sys.path += [str(Path(__file__).parent / folder) for folder in ("helpers", "faults")]

# What holds single tests of ten seconds and more.
LONG = frozenset(
    f"test_{name}.py"
    for name in (
        *("certify", "gate_command", "kill_loop", "batch_killed", "other_process", "ablate_command", "ablation_job"),
        *("bench", "cli_ui", "cycle"),
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first: workers steal each other's last tests, and none waits in the end for one that just began."""
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_collection_finish() -> None:
    """What was imported stays until the end: nobody need look through it again and again for what could go."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _settings_of_modules() -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (Path(__file__).parent.parent / "modules").glob("*/*.toml")}


@pytest.fixture(autouse=True, scope="module")
def product_untouched() -> Iterator[None]:
    """No test ships into the product's own files: neither one of this file nor one that ran beside it."""
    before = _settings_of_modules()
    yield
    assert _settings_of_modules() == before


@dataclass(frozen=True)
class RealRun:
    """A finished home of the three real strategies and what `cws run --json` said. Never write to it: copy it."""

    home: Path
    summary: dict[str, Any]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Held by one process of the session at a time; the kernel lets go when it dies."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(home: Path) -> dict[str, Any]:
    from places import ROOT, pure_environment

    command = [sys.executable, "-m", "cws_dagster.cli", "run", "--json"]
    environment = pure_environment(CWS_HOME=str(home), CWS_VIEWS="off")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> RealRun:
    """The main job on the real data in a fresh home, views off."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home, said = shared / "real_home", shared / "real_run.json"
    with alone(shared / "real_run.lock"):
        if not said.exists():
            said.write_text(json.dumps(_run(home)))
    return RealRun(home, json.loads(said.read_text()))
