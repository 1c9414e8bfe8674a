"""Processes that outlive their starter: pid files with the start time, so that a reused pid is never taken for ours."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from cws.execution.isolation import Walls, cell
from cws.ledger.disk import replace_file

POLL_S = 0.02
# Fields of /proc/PID/stat behind the program's name: state is the 3rd of the file, starttime the 22nd.
_STATE, _STARTED = 0, 19


@dataclass(frozen=True)
class Known:
    """A process by its pid and its start in clock ticks since boot."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        return started(self.pid) == self.started


def started(pid: int) -> int | None:
    """Start of a running process in clock ticks since boot; None where none runs (a zombie does not)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[_STATE] in "ZX" else int(fields[_STARTED])


def spawn(
    command: Sequence[str],
    folder: Path,
    name: str,
    environment: Mapping[str, str] | None = None,
    walls: Walls | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in `folder`, in a session of its own: it lives on when we die. Its words go to log/NAME.log."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        stream = held.enter_context((folder / "log" / f"{name}.log").open("ab"))
        inside = None if walls is None else cell(walls, name, command[0], held)
        process = subprocess.Popen(
            command,
            executable=None if inside is None else inside.executable,
            preexec_fn=None if inside is None else inside.enter,  # one thread: nothing is held across the fork
            pass_fds=() if inside is None else inside.handles,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd=folder,
            env={**os.environ, **(environment or {}), **({} if inside is None else inside.environment)},
        )
    note(folder / f"{name}.pid", process.pid)
    return process


def note(pid_file: Path, pid: int) -> None:
    """Name a process in its pid file; one that is dead already gets a start that none has.

    A supervisor is named by whoever starts it and by itself: one after the other, for they would share the draft.
    """
    folder = os.open(pid_file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        replace_file(pid_file, json.dumps({"pid": pid, "started": started(pid) or 0}).encode())
    finally:
        os.close(folder)


def known(pid_file: Path) -> Known | None:
    """What the pid file names, running or not; None without a readable file."""
    try:
        fields = json.loads(pid_file.read_bytes())
        return Known(int(fields["pid"]), int(fields["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def running(pid_file: Path) -> Known | None:
    """The process that the pid file names, if it still runs."""
    found = known(pid_file)
    return found if found is not None and found.alive else None


def forget(pid_file: Path) -> None:
    """Remove the file of a process that is gone; one that would not go stays named, so that nobody starts beside it."""
    if running(pid_file) is None:
        pid_file.unlink(missing_ok=True)


def end(found: Known, grace_s: float) -> None:
    """SIGTERM, and SIGKILL when it is still there after `grace_s`; returns when it is gone."""
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, grace_s)):
        if not _send(found, number):
            return
        deadline = time.monotonic() + wait_s
        while found.alive and time.monotonic() < deadline:
            time.sleep(POLL_S)


def _send(found: Known, number: signal.Signals) -> bool:
    """Through a pidfd: between the look and the signal the pid cannot become another's."""
    try:
        handle = os.pidfd_open(found.pid)
    except ProcessLookupError:
        return False
    try:
        if found.alive:
            signal.pidfd_send_signal(handle, number)
            return True
        return False
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
