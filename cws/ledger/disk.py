"""Durable file acts: what a function here has returned from survives a power cut.

Why here: the order of write, fsync, rename and fsync of the folder is the whole of durability; it stands in one place.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from modules.errors import CwsError

LOCK_TRIES = 30_000
LOCK_PAUSE_S = 0.001


def sync_file(path: Path) -> None:
    """Make a file's bytes durable, whoever wrote them."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make names created, renamed or removed in the folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create the folder and its missing parents, durably."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def write_tail(path: Path, offset_bytes: int, data: bytes) -> None:
    """Write data at the offset, end the file there, and fsync; what stood beyond is overwritten, then cut."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _write_all(handle, offset_bytes, data)
        os.ftruncate(handle, offset_bytes + len(data))
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, data: bytes) -> None:
    """Put a whole new file in the place of the old one: a reader sees all of either, never a part."""
    draft = path.with_name(path.name + ".tmp")
    try:
        write_tail(draft, 0, data)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)  # a full disk wants its page back
        raise
    sync_folder(path.parent)


def _write_all(handle: int, offset_bytes: int, data: bytes) -> None:
    """A write may be short; the next one then says why."""
    done = 0
    while done < len(data):
        done += os.pwrite(handle, data[done:], offset_bytes + done)


@contextmanager
def writer_lock(path: Path) -> Generator[None]:
    """Hold the lock file alone; a process that dies lets go of it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _wait_for(handle, fcntl.LOCK_EX, path)
        yield
    finally:
        os.close(handle)


@contextmanager
def reader_lock(path: Path) -> Generator[None]:
    """Hold the lock file with other readers; a read-only copy has no writer, so there it needs no lock."""
    handle = _open_if_allowed(path)
    try:
        if handle is not None:
            _wait_for(handle, fcntl.LOCK_SH, path)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _open_if_allowed(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError:
        return None


def _wait_for(handle: int, kind: int, path: Path) -> None:
    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE_S)
        else:
            return
    raise CwsError(
        "CWS-LEDGER-010",
        what=f"another process held the ledger for {LOCK_TRIES * LOCK_PAUSE_S:.0f} s",
        where=str(path),
        fix="end the process that holds the lock file, then try again",
    )
