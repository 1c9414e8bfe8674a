"""Detached processes: who they are, that a reused pid is not taken for them, and that a supervisor keeps them up."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from cws.execution import supervisor
from cws.execution.processes import Known, end, known, note, running, spawn, started

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); open('deaf', 'w').close(); time.sleep(60)"
STUBBORN = [sys.executable, "-c", DEAF]


def _until(true: Callable[[], object], wait_s: float = 15.0) -> None:
    deadline = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    supervisor.stop(tmp_path)


def test_a_process_is_its_pid_and_its_start(folder: Path) -> None:
    child = spawn(SLEEPER, folder, "cws-sleeper")
    found = running(folder / "cws-sleeper.pid")
    assert found is not None and found.pid == child.pid and os.getsid(child.pid) == child.pid
    (folder / "cws-sleeper.pid").write_text(json.dumps({"pid": child.pid, "started": found.started - 1}))
    assert running(folder / "cws-sleeper.pid") is None, "the pid is another's now"
    end(Known(child.pid, found.started - 1), 0.1)
    assert child.poll() is None, "another's process is not ours to end"
    end(found, 5.0)
    assert child.wait() == -signal.SIGTERM and started(child.pid) is None


def test_two_may_name_it_at_once(tmp_path: Path) -> None:
    def names(_: int) -> None:
        for _ in range(25):
            note(tmp_path / "one.pid", os.getpid())

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(names, range(2)))
    assert running(tmp_path / "one.pid") == Known(os.getpid(), started(os.getpid()) or 0)


def test_what_will_not_go_is_made_to(folder: Path) -> None:
    child = spawn(STUBBORN, folder, "cws-stubborn")
    _until((folder / "deaf").exists)
    found = running(folder / "cws-stubborn.pid")
    assert found is not None
    end(found, 0.3)
    assert child.wait() == -signal.SIGKILL


@pytest.mark.parametrize("text", ["", "{}", '{"pid": "x", "started": 1}', "[1]"])
def test_a_damaged_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "cws-x.pid").write_text(text)
    assert known(tmp_path / "cws-x.pid") is None


def _pids(folder: Path) -> list[int | None]:
    found = [running(folder / f"{name}.pid") for name in ("cws-one", "cws-two", "supervisor")]
    return [None if one is None else one.pid for one in found]


def test_a_supervisor_restarts_adopts_and_ends(folder: Path) -> None:
    supervisor.plan_file(folder, {"cws-one": SLEEPER, "cws-two": SLEEPER}, 60.0, 8)
    supervisor.launch(folder)
    _until(lambda: all(_pids(folder)))
    one, two, boss = _pids(folder)
    assert one and two and boss
    os.kill(one, signal.SIGKILL)
    _until(lambda: _pids(folder)[0] not in (one, None))
    assert _pids(folder)[1:] == [two, boss], "who did not die is left alone"
    os.kill(boss, signal.SIGKILL)
    _until(lambda: _pids(folder)[2] is None)
    again = _pids(folder)[:2]
    supervisor.launch(folder)
    _until(lambda: all(_pids(folder)))
    assert _pids(folder)[:2] == again, "the next one adopts what runs"
    supervisor.stop(folder)
    assert _pids(folder) == [None, None, None]


def test_of_two_supervisors_one_stays(folder: Path) -> None:
    supervisor.plan_file(folder, {"cws-one": SLEEPER}, 60.0, 8)
    supervisor.launch(folder)
    _until(lambda: all((_pids(folder)[0], _pids(folder)[2])))
    before = _pids(folder)
    done = subprocess.run([sys.executable, "-m", "cws.execution.supervisor", str(folder)], timeout=30, check=False)
    assert done.returncode == 0 and _pids(folder) == before


def test_what_will_not_stay_up_ends_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "MAX_BACKOFF_S", 0.05)
    supervisor.Supervisor(folder, {"cws-one": supervisor.Watch(["false"])}, 30.0, 2).run()
    said = json.loads((folder / supervisor.STATE).read_text())
    assert said == {"restarts": {"cws-one": 3}, "lost": True}


def test_what_an_earlier_supervisor_gave_up_is_not_lost_to_the_next(folder: Path) -> None:
    supervisor.Supervisor(folder, {"cws-one": supervisor.Watch(["false"])}, 30.0, 0).run()
    assert json.loads((folder / supervisor.STATE).read_text())["lost"]
    supervisor.plan_file(folder, {"cws-one": SLEEPER}, 60.0, 8)
    supervisor.launch(folder)
    lost: list[bool] = []

    def said() -> bool:
        with suppress(FileNotFoundError):
            lost.append(json.loads((folder / supervisor.STATE).read_text())["lost"])
        return bool(lost) and all((_pids(folder)[0], _pids(folder)[2]))

    _until(said)
    assert not any(lost), "whoever waits for the new one would take the old one's word for it"
