"""`cws ui` for real: both pages answer on free ports, a signal stops it, and no process of it is left."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ports import free_ports

from cws_dagster.cli import main

POLLS, POLL_S = 480, 0.5


def _get(url: str, process: subprocess.Popen[str], data: bytes | None = None) -> str:
    """The page once it answers; gives up when the command ended or after a bounded number of polls."""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    for _ in range(POLLS):
        assert process.poll() is None, process.communicate()
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.read().decode()
        except (OSError, urllib.error.URLError):
            time.sleep(POLL_S)
    raise AssertionError(f"{url} never answered")


def _of_home(home: Path) -> list[str]:
    """Command lines of the live processes that were given this home."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"CWS_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.timeout(400)
def test_ui_serves_both_pages_and_leaves_nothing_behind(tmp_path: Path) -> None:
    home, (ui_port, mlflow_port) = tmp_path / "home", free_ports(2)
    settings = {"CWS_HOME": str(home), "CWS_UI_PORT": str(ui_port), "CWS_MLFLOW_PORT": str(mlflow_port)}
    command = [sys.executable, "-m", "cws_dagster.cli", "ui", "--no-browser"]
    process = subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert "dagster_webserver_version" in _get(f"http://127.0.0.1:{ui_port}/server_info", process)
        assert _get(f"http://127.0.0.1:{mlflow_port}/health", process) == "OK"
        query = {
            "query": "{ workspaceOrError { __typename ... on Workspace { locationEntries { name loadStatus } } } }"
        }
        answer = _get(f"http://127.0.0.1:{ui_port}/graphql", process, json.dumps(query).encode())
        assert "cws_dagster.definitions" in answer
        # The addresses are printed when both answer: only then is the command ready to be stopped.
        assert process.stdout is not None
        addresses = {process.stdout.readline().split()[1] for _ in range(2)}
        assert addresses == {f"http://127.0.0.1:{port}" for port in (ui_port, mlflow_port)}
        assert len(_of_home(home)) > 3
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err.splitlines()[-1]) == (0, "stopped")
    assert _of_home(home) == []
    for port in (ui_port, mlflow_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert (home / "dagster/dagster.yaml").exists()


def test_a_taken_port_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("CWS_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("CWS_UI_PORT", str(other.getsockname()[1]))
        assert main(["ui", "--no-browser"]) == 2
    assert capsys.readouterr().err.startswith("CWS-UI-001: port ")
    assert not (tmp_path / "home").exists()
