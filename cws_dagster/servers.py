"""Dagster's and MLflow's servers as child processes: started together, stopped together, nothing left behind.

Each runs in a process group of its own. Some of their children open groups again, so what is to be stopped is found by
a mark in the environment, which every descendant inherits.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modules.errors import CwsError

HOST = "127.0.0.1"
MARK = "UI_OF_COMMAND"
WORKSPACE = Path(__file__).resolve().parent.parent / "workspace.yaml"
POLL_S, GRACE_S = 0.1, 6.0
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # No background jobs in MLflow: nothing here starts any, and its queue workers would be four more processes.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "DAGSTER_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class Plan:
    """What to start: a name and a command each, and where the two pages answer when all is well."""

    commands: Mapping[str, list[str]]
    addresses: Mapping[str, str]
    health: Mapping[str, str]
    environment: Mapping[str, str]
    logs: Path


def plan(home: Path, strategies: Path, dagster_home: Path, ui_port: int, mlflow_port: int) -> Plan:
    """Commands of the three servers over one home; `dagster_home` holds Dagster's configuration already."""
    scripts = Path(sys.executable).parent
    database, artifacts = f"sqlite:///{home / 'mlflow.db'}", str(home / "mlflow-artifacts")
    commands = {
        "dagster-webserver": [str(scripts / "dagster-webserver"), "-h", HOST, "-p", str(ui_port), "-w", str(WORKSPACE)],
        "dagster-daemon": [str(scripts / "dagster-daemon"), "run", "-w", str(WORKSPACE)],
        "mlflow": [
            str(scripts / "mlflow"), "server", "--host", HOST, "--port", str(mlflow_port), "--workers", "1",
            "--backend-store-uri", database, "--artifacts-destination", artifacts,
        ],
    }  # fmt: skip
    addresses = {"Dagster": f"http://{HOST}:{ui_port}", "MLflow": f"http://{HOST}:{mlflow_port}"}
    health = {"Dagster": f"{addresses['Dagster']}/server_info", "MLflow": f"{addresses['MLflow']}/health"}
    environment = {"CWS_HOME": str(home), "CWS_STRATEGIES": str(strategies), "DAGSTER_HOME": str(dagster_home), **QUIET}
    return Plan(commands, addresses, health, environment, home / "logs")


def refuse_taken(port: int, setting: str) -> None:
    """Raises CWS-UI-001 when something else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as failure:
            raise CwsError(
                "CWS-UI-001",
                what=f"port {port} is taken: {failure.strerror}",
                where=HOST,
                fix=f"set {setting} to a free port",
            ) from None


@dataclass
class Servers:
    """The running children. `stop` may be called at any time and twice."""

    plan: Plan
    mark: str = field(default_factory=lambda: f"{os.getpid()}-{time.monotonic_ns()}")
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def start(self) -> None:
        self.plan.logs.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **self.plan.environment, MARK: self.mark}
        for name, command in self.plan.commands.items():
            with self.log(name).open("wb") as log:
                self.running[name] = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=WORKSPACE.parent,
                )

    def log(self, name: str) -> Path:
        return self.plan.logs / f"{name}.log"

    def ended(self) -> list[str]:
        """What is no longer running, with its exit status and where it wrote why."""
        return [
            f"{name} ended with status {p.returncode}: {self.log(name)}"
            for name, p in self.running.items()
            if p.poll() is not None
        ]

    def answering(self) -> list[str]:
        return [name for name, url in self.plan.health.items() if _answers(url)]

    def stop(self) -> None:
        """Ask the servers to end, then everything that they started, then make it; returns when none is left."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + GRACE_S
            while self._left() and time.monotonic() < deadline:
                time.sleep(POLL_S)
            for pid in self._left():
                _send(pid, number)
        while self._left():
            time.sleep(POLL_S)

    def _left(self) -> list[int]:
        alive = [process.pid for process in self.running.values() if process.poll() is None]
        return sorted({*alive, *marked(self.mark)})


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def marked(mark: str) -> list[int]:
    """Processes whose environment carries the mark; those that have ended and wait to be reaped carry none.

    Without a Linux /proc nothing is found, and only the servers themselves are waited for.
    """
    wanted = f"{MARK}={mark}".encode()
    processes = [folder for folder in Path("/proc").glob("[0-9]*") if folder.name != str(os.getpid())]
    return [int(folder.name) for folder in processes if wanted in _environment(folder)]


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2.0) as reply:
            return reply.status == 200
    except (OSError, urllib.error.URLError):
        return False
