"""Servers as child processes: real ones that end early, ignore signals, or leave their group. Nothing stays behind."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest
from ports import free_ports

from cws_dagster import servers
from cws_dagster.servers import HOST, Plan, Servers, marked, refuse_taken
from modules.errors import CwsError

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"
subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
print("ready", flush=True)
time.sleep(99)
"""


def _plan(tmp_path: Path, **commands: list[str]) -> Plan:
    return Plan(commands, {}, {}, {"ONLY_HERE": "yes"}, tmp_path / "logs")


def _wait_for(text: str, path: Path) -> None:
    for _ in range(400):
        if text in path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never said {text}: {path.read_text()}")


def test_what_ends_early_is_named_with_its_log(tmp_path: Path) -> None:
    running = Servers(_plan(tmp_path, fine=["sleep", "99"], broken=["sh", "-c", "echo $ONLY_HERE; exit 3"]))
    running.start()
    try:
        for _ in range(200):
            if running.ended():
                break
            time.sleep(0.05)
        assert running.ended() == [f"broken ended with status 3: {tmp_path / 'logs/broken.log'}"]
        assert (tmp_path / "logs/broken.log").read_text() == "yes\n"
    finally:
        running.stop()
    assert running.running["fine"].returncode == -15
    running.stop()


def test_a_process_that_ignores_signals_and_left_its_group_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "GRACE_S", 0.3)
    running = Servers(_plan(tmp_path, stubborn=[sys.executable, "-c", STUBBORN]))
    running.start()
    _wait_for("ready", tmp_path / "logs/stubborn.log")
    found = marked(running.mark)
    assert len(found) == 2
    running.stop()
    assert marked(running.mark) == []
    for pid in found:
        with pytest.raises((ProcessLookupError, FileNotFoundError)):
            _signal_unless_dead(pid)


def _signal_unless_dead(pid: int) -> None:
    """Raises when the process is gone or only waits to be reaped by whoever adopted it."""
    os.kill(pid, 0)
    if Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z":
        raise ProcessLookupError


def test_a_taken_port_is_refused_before_anything_starts() -> None:
    (port,) = free_ports(1)
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        with pytest.raises(CwsError, match="CWS-UI-001") as refusal:
            refuse_taken(port, "CWS_UI_PORT")
        assert "CWS_UI_PORT" in refusal.value.fix
    refuse_taken(port, "CWS_UI_PORT")
