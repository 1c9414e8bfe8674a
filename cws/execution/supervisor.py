"""Keeps the native processes of one run folder alive: starts, adopts, restarts, ends them. A process of its own.

It is found by its pid file, holds the folder's lock, and needs nobody: Dagster or a terminal may die, it goes on.
What it started goes on without it too, and the next supervisor adopts it.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cws.execution.isolation import Walls, tear_down
from cws.execution.processes import end, forget, note, running, spawn
from cws.ledger.disk import replace_file

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "supervisor"
# Touched as long as somebody looks after the processes: the dead man of the risk core, where one is set.
ALIVE, ALIVE_EVERY_S = "supervisor.alive", 0.25
PLAN, STATE, LOCK, PID = "supervisor.plan.json", "supervisor.state.json", "supervisor.lock", "supervisor.pid"
MAX_RESTARTS, POLL_S, GRACE_S = 8, 0.02, 3.0
FIRST_BACKOFF_S, MAX_BACKOFF_S = 0.05, 2.0


def _held(folder: Path, name: str) -> Path:
    return folder / f"{name}.held"


def hold_back(folder: Path, name: str) -> None:
    """Its supervisor does not start NAME, nor start it again, until it is let go."""
    _held(folder, name).touch()


def let_go(folder: Path, name: str) -> None:
    _held(folder, name).unlink(missing_ok=True)


@dataclass
class Watch:
    """One process: its command, how often it was started again, when it may be next."""

    command: Sequence[str]
    restarts: int = -1
    not_before_s: float = 0.0
    child: "subprocess.Popen[bytes] | None" = None


@dataclass
class Supervisor:
    folder: Path
    watches: Mapping[str, Watch]
    life_s: float
    most_restarts: int = MAX_RESTARTS
    walls: Walls | None = None
    stopping: bool = False
    said: dict[str, object] = field(default_factory=dict[str, object])
    touched_s: float = -1.0

    def run(self) -> None:
        """Until SIGTERM, the end of its life, or a process that will not stay up."""
        signal.signal(signal.SIGTERM, self._stop)
        ends_s = time.monotonic() + self.life_s if self.life_s else float("inf")
        while not self.stopping and time.monotonic() < ends_s and not self._lost():
            self._touch(time.monotonic())
            for name, watch in self.watches.items():
                self._keep(name, watch, time.monotonic())
            self._say()
            time.sleep(POLL_S)
        self._say()
        self._end_all()

    def _touch(self, now_s: float) -> None:
        if self.touched_s < 0 or now_s - self.touched_s >= ALIVE_EVERY_S:
            self.touched_s = now_s
            with suppress(OSError):  # what cannot be touched grows old, and risk acts on it
                (self.folder / ALIVE).touch()

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _keep(self, name: str, watch: Watch, now_s: float) -> None:
        if watch.child is not None:
            watch.child.poll()  # so that a dead child is no zombie
        if running(self.folder / f"{name}.pid") is not None or now_s < watch.not_before_s:
            return
        if _held(self.folder, name).exists():
            return
        watch.restarts += 1
        if watch.restarts <= self.most_restarts:
            watch.child = spawn(watch.command, self.folder, name, walls=self.walls)
            watch.not_before_s = now_s + min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** max(0, watch.restarts))

    def _lost(self) -> bool:
        return any(watch.restarts > self.most_restarts for watch in self.watches.values())

    def _say(self) -> None:
        restarts = {name: max(0, watch.restarts) for name, watch in self.watches.items()}
        now: dict[str, object] = {"restarts": restarts, "lost": self._lost()}
        if now != self.said:
            self.said = now
            replace_file(self.folder / STATE, json.dumps(now).encode())

    def _end_all(self) -> None:
        """The last that was started is the first to end: nobody loses the peer that it needs to say goodbye."""
        for name, watch in reversed(list(self.watches.items())):
            found = running(self.folder / f"{name}.pid")
            if found is not None:
                end(found, GRACE_S)
            if watch.child is not None:
                watch.child.wait()
            forget(self.folder / f"{name}.pid")
        tear_down(self.folder)


def plan_file(
    folder: Path, commands: Mapping[str, Sequence[str]], life_s: float, most_restarts: int, walls: Walls | None = None
) -> None:
    """What a supervisor of this folder keeps up, in the order of their start; `life_s` 0: until it is told to end.

    One that dies more often than `most_restarts` ends them all.
    """
    words = {name: list(command) for name, command in commands.items()}
    content = {"commands": words, "life_s": life_s, "most_restarts": most_restarts,
               "walls": None if walls is None else asdict(walls)}  # fmt: skip
    replace_file(folder / PLAN, json.dumps(content).encode())


def launch(folder: Path) -> None:
    """Start a supervisor, unless one holds the folder already: of two started at once, one ends at the lock."""
    if running(folder / PID) is None:
        (folder / STATE).unlink(missing_ok=True)  # what an earlier one gave up is not lost to this one
        command = [sys.executable, "-m", "cws.execution.supervisor", str(folder)]
        spawn(command, folder, NAME, {"PYTHONPATH": str(ROOT)})


def stop(folder: Path) -> None:
    """End the supervisor and with it the processes; those of a supervisor that died are ended one by one."""
    found = running(folder / PID)
    if found is not None:
        end(found, 4 * GRACE_S)
    for pid_file in sorted(folder.glob("cws-*.pid")):
        left = running(pid_file)
        if left is not None:
            end(left, GRACE_S)
        forget(pid_file)
    tear_down(folder)


def main(folder: Path) -> int:
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    note(folder / PID, os.getpid())  # whoever started us may have died before it could
    plan = json.loads((folder / PLAN).read_bytes())
    watches = {name: Watch(words) for name, words in plan["commands"].items()}
    walls = None if plan["walls"] is None else Walls(**plan["walls"])
    Supervisor(folder, watches, float(plan["life_s"]), int(plan["most_restarts"]), walls).run()
    (folder / PID).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
