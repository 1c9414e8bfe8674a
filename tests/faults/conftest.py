import fcntl
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# The helpers also run in child processes, so they are imported by their folder.
sys.path.append(str(Path(__file__).parent))

from dirty_rows import dirty_file
from small_house import Place, copy_place, make_place

from cws_dagster.summary import summarise


@dataclass(frozen=True)
class Done:
    """A completed run: where it stands, and its summary. Tests only read it; destructive ones work on a copy."""

    place: Place
    summary: Mapping[str, Any]

    @property
    def hashes(self) -> dict[str, str]:
        return {one["name"]: one["result_hash"] for one in self.summary["strategies"]}

    @property
    def trial(self) -> str:
        return self.summary["strategies"][0]["trial"]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `CWS_` setting of the caller reaches a test."""
    for name in [name for name in os.environ if name.startswith("CWS_")]:
        monkeypatch.delenv(name)


def _shared(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], Place]) -> Done:
    """Built once a session: the workers of one session share the parent of their temporary folders."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, kept = base / name, base / f"{name}.json"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(summarise(build(folder).run())))
    return Done(Place(folder), json.loads(kept.read_text()))


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The good file, run once."""
    return _shared(tmp_path_factory, "done", make_place)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The file with every kind of bad row, run once."""
    return _shared(tmp_path_factory, "dirty", lambda folder: make_place(folder, dirty_file()))


@pytest.fixture
def copied(done: Done, tmp_path: Path) -> Place:
    """A completed home of the test's own."""
    return copy_place(done.place, tmp_path / "copied")
