"""A client of the native processes' sockets: one JSON object a line, one answer a line."""

import json
import os
import socket
import stat
import struct
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from modules.errors import CwsError

MAX_LINE_BYTES = 64 << 20
# Lines on their way at once: far below what a process keeps of one client.
WINDOW = 64
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class LineClient:
    """One connection. Every answer is waited for at most `timeout_s`; a refusal is raised with its own code.

    Only what one of `users` (without any: we ourselves) serves is spoken to, in a folder where nobody else could have
    taken the name: CWS-SOCKET-003 and -004 say otherwise.
    """

    def __init__(self, path: Path, timeout_s: float = 10.0, users: Collection[int] = ()) -> None:
        self._path = path
        self._rest = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            _connect(self._socket, path)
        except OSError as failure:
            self._socket.close()
            raise _silent(path, f"nobody listens: {failure.strerror or failure}") from None
        except CwsError:
            self._socket.close()
            raise
        _, user, _ = _CREDENTIALS.unpack(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if user not in (users or (os.geteuid(),)):
            self._socket.close()
            raise CwsError(
                "CWS-SOCKET-004", what=f"the name is user {user}'s", where=str(path),
                fix="find out who that is before anything is asked of it, then remove it",
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, it: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        """The answer. Raises CWS-SOCKET-002 where none comes, and the process's own code where it refuses."""
        return self.ask_all([request])[0]

    def ask_all(self, requests: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        """The answers in order, a window of requests on the way; the first refusal ends it."""
        found: list[dict[str, Any]] = []
        for first in range(0, len(requests), WINDOW):
            window = requests[first : first + WINDOW]
            self._send(b"".join(json.dumps(request).encode() + b"\n" for request in window))
            found += [self._accepted(self._line()) for _ in window]
        return found

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as failure:
            raise _silent(self._path, f"it hung up: {failure.strerror or failure}") from None

    def _line(self) -> bytes:
        while b"\n" not in self._rest:
            try:
                chunk = self._socket.recv(1 << 16)
            except OSError as failure:
                raise _silent(self._path, f"no answer: {failure.strerror or failure}") from None
            if not chunk or len(self._rest) > MAX_LINE_BYTES:
                raise _silent(self._path, "it hung up in the middle" if not chunk else "an answer without an end")
            self._rest += chunk
        line, self._rest = self._rest.split(b"\n", 1)
        return line

    def _accepted(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or "ok" not in answer:
            raise _silent(self._path, f"no answer of ours: {line[:80]!r}")
        if answer["ok"] is not True:
            code, what, where, fix = (str(answer.get(name, "")) for name in ("code", "what", "where", "fix"))
            raise CwsError(code, what=what, where=f"{self._path.name}: {where}", fix=fix)
        return answer


def _connect(client: socket.socket, path: Path) -> None:
    """By way of the folder's handle: an address of a socket has at most 107 bytes, a home may lie deeper."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        _check(os.fstat(folder), path.parent)
        client.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _check(folder: os.stat_result, path: Path) -> None:
    """In a folder of another user, or in which others may rename what is not theirs, a name says nothing."""
    mode = folder.st_mode
    renamed = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not mode & stat.S_ISVTX)
    if folder.st_uid not in (0, os.geteuid()) or renamed:
        raise CwsError(
            "CWS-SOCKET-003", what=f"others may put a socket here (user {folder.st_uid}, mode {stat.S_IMODE(mode):o})",
            where=str(path), fix="chown it to the user that runs this, chmod 0700 (or 1770 for a group)",
        )  # fmt: skip


def _silent(path: Path, what: str) -> CwsError:
    return CwsError("CWS-SOCKET-002", what=what, where=str(path), fix="cws gateway status; its log stands beside it")
