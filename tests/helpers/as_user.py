"""Something done as another user, and how the system refused it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from cws.execution.isolation import entrance

DONE = "done"


def as_user(user: int, folder: Path, act: Callable[[], object]) -> str:
    """`done`, the refusal's name (EPERM ...), or the text that `act` gave. In a child that keeps nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            entrance(user)()
            os.write(writer, _said(act).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as words:
        said = words.read()
    os.waitpid(child, 0)
    return said


def _said(act: Callable[[], object]) -> str:
    try:
        given = act()
    except OSError as refusal:
        return errno.errorcode.get(refusal.errno or 0, str(refusal))
    return given if isinstance(given, str) else DONE
