"""The sockets' client against a scripted peer: answers in order, refusals with their code, silence in words."""

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cws.execution.line_client import WINDOW, LineClient
from modules.errors import CwsError


def _peer(path: Path, script: Callable[[socket.socket], None]) -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_PATH)
    server.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
    server.listen(1)

    def serve() -> None:
        with server, server.accept()[0] as peer:
            script(peer)

    threading.Thread(target=serve, daemon=True).start()


def _echo(peer: socket.socket) -> None:
    with peer.makefile("rwb") as stream:
        for line in stream:
            asked = json.loads(line)
            no = {"ok": False, "code": "CWS-RISK-010", "what": "no", "where": "here", "fix": "ask better"}
            stream.write(json.dumps(no if asked.get("bad") else {"ok": True, **asked}).encode() + b"\n")
            stream.flush()


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """Deeper than an address of a socket may be long."""
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    folder.mkdir(parents=True)
    return folder


def test_answers_come_in_order_and_a_refusal_keeps_its_code(deep: Path) -> None:
    _peer(deep / "s.sock", _echo)
    with LineClient(deep / "s.sock") as client:
        found = client.ask_all([{"n": n} for n in range(3 * WINDOW)])
        assert [one["n"] for one in found] == list(range(3 * WINDOW))
        with pytest.raises(CwsError) as refused:
            client.ask({"bad": True})
    assert (refused.value.code, refused.value.where) == ("CWS-RISK-010", "s.sock: here")


@pytest.mark.parametrize(
    ("script", "word"),
    [
        (lambda peer: peer.recv(1_000) and None, "hung up in the middle"),
        (lambda peer: peer.recv(1_000) and peer.sendall(b"nonsense\n"), "no answer of ours"),
        (lambda peer: peer.recv(1_000) and peer.sendall(b"[1]\n"), "no answer of ours"),
        (lambda peer: threading.Event().wait(2.0) and None, "no answer"),
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, script: Callable[[socket.socket], None], word: str) -> None:
    _peer(tmp_path / "s.sock", script)
    with (
        LineClient(tmp_path / "s.sock", timeout_s=0.5) as client,
        pytest.raises(CwsError, match="CWS-SOCKET-002") as no,
    ):
        client.ask({"cmd": "status"})
    assert word in str(no.value)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
def test_a_folder_that_others_may_change_is_not_trusted(tmp_path: Path, mode: int) -> None:
    _peer(tmp_path / "s.sock", _echo)
    tmp_path.chmod(mode)
    with pytest.raises(CwsError, match="CWS-SOCKET-003") as no:
        LineClient(tmp_path / "s.sock")
    assert no.value.where == str(tmp_path)


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1770])
def test_a_folder_in_which_names_are_their_owners_is_trusted(tmp_path: Path, mode: int) -> None:
    _peer(tmp_path / "s.sock", _echo)
    tmp_path.chmod(mode)
    with LineClient(tmp_path / "s.sock") as client:
        assert client.ask({"n": 1})["n"] == 1


def test_what_a_stranger_serves_is_not_spoken_to(tmp_path: Path) -> None:
    _peer(tmp_path / "s.sock", _echo)
    with pytest.raises(CwsError, match="CWS-SOCKET-004"):
        LineClient(tmp_path / "s.sock", users=(os.geteuid() + 1,))


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(CwsError, match="CWS-SOCKET-002"):
        LineClient(tmp_path / "s.sock")
