"""One writer a table, across processes and threads. A killed writer's lock goes with it."""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from modules.errors import CwsError

WAIT_LIMIT_S = 60.0
RETRY_S = 0.01


@contextmanager
def table_lock(folder: Path) -> Generator[None]:
    """Hold the lock of the table's folder, which is made if absent. Raises CWS-LAKE-016 after WAIT_LIMIT_S."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(handle, folder)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, folder: Path) -> None:
    for _ in range(int(WAIT_LIMIT_S / RETRY_S)):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(RETRY_S)
        else:
            return
    raise CwsError(
        "CWS-LAKE-016",
        what=f"another writer held the table for {WAIT_LIMIT_S:.0f} s",
        where=f"table {folder.name}",
        fix="wait for it to end, or stop it",
    )
