"""One home, one writer: a second run is refused at once, or waits as long as it was told to."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from children import WAIT_LIMIT_S, ended, run_and_wait, server, start
from small_house import ROOT, Place, hashes_in_force, make_place

from cws.ledger.verify import verify


def command(place: Place, **more: str) -> subprocess.Popen[str]:
    """`cws run --json` as a user starts it."""
    chosen = {"CWS_HOME": str(place.home), "CWS_STRATEGIES": str(place.strategies), "CWS_VIEWS": "off"}
    arguments = [sys.executable, "-m", "cws_dagster.cli", "run", "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, cwd=ROOT, env=os.environ | chosen | more, stdout=pipe, stderr=pipe, text=True)


def has_open(pid: int, path: Path) -> bool:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a handle that was closed meanwhile
            if link.readlink() == path:
                return True
    return False


def until_it_waits_for(child: subprocess.Popen[str], lock: Path) -> None:
    """Until the process has the lock file open (it can only be waiting, for another holds it)."""
    deadline = time.monotonic() + WAIT_LIMIT_S
    while not has_open(child.pid, lock):
        assert child.poll() is None, child.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_run_is_refused_at_once_or_waits_and_the_first_finishes_well(tmp_path: Path, done: Any) -> None:
    place = make_place(tmp_path / "place")
    held, go_on, told = server().Event(), server().Event(), server().SimpleQueue()
    first = start(run_and_wait, place.folder, held, go_on, told)
    assert held.wait(WAIT_LIMIT_S)

    refused = command(place)
    out, err = refused.communicate(timeout=WAIT_LIMIT_S)
    assert refused.returncode == 2
    assert json.loads(out.splitlines()[-1])["error"]["code"] == "CWS-HOME-001"
    assert f"cws run (pid {first.pid})" in err
    assert "CWS_LOCK_WAIT_S" in err
    assert first.is_alive()

    waiting = command(place, CWS_LOCK_WAIT_S="120", PYTHONHASHSEED="4242", OMP_NUM_THREADS="1")
    until_it_waits_for(waiting, place.house().home.folder / "writer.lock")
    assert len(place.house().ledger.entries("run")) == 1
    go_on.set()
    assert told.get() == done.hashes
    assert ended(first) == 0
    out, err = waiting.communicate(timeout=WAIT_LIMIT_S)
    assert waiting.returncode == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert {one["name"]: one["result_hash"] for one in summary["strategies"]} == done.hashes
    assert hashes_in_force(place) == done.hashes
    assert len(place.house().ledger.entries("run")) == 2
    assert verify(place.house().home.ledger, None)["ok"]


def test_a_dead_writer_holds_nothing(copied: Place) -> None:
    """The lock goes with the process: a name left in the lock file refuses nobody."""
    lock = copied.house().home.folder / "writer.lock"
    lock.write_text("cws run (pid 1)")
    with copied.house().home.writing("test"):
        assert f"test (pid {os.getpid()})" in lock.read_text()
