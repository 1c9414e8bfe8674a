"""A writer that dies or meets a full disk at its n-th system call: `dying_writer.py FOLDER kill|fail N append|recover`.

Not a test: test_crash.py runs it as a process of its own, because it really kills itself.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from cws.ledger import chain
from cws.ledger.ledger import Ledger
from modules.errors import CwsError

CALLS = ("open", "pwrite", "ftruncate", "fsync", "replace", "unlink")


def strike(how: str) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(errno.ENOSPC, "No space left on device")


def striking(real: Callable[..., Any], name: str, how: str, at: int, calls: count[int]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        if next(calls) != at:
            return real(*arguments, **named)
        if name == "pwrite":
            handle, data, offset = arguments
            real(handle, data[: len(data) // 2], offset)
        return strike(how)

    return call


def main(folder: Path, how: str, at: int, act: str) -> int:
    chain.ENTRIES_PER_SEGMENT = 3
    ledger, calls = Ledger(folder), count()
    for name in CALLS:
        setattr(os, name, striking(getattr(os, name), name, how, at, calls))
    try:
        if act == "recover":
            ledger.recover()
        else:
            ledger.append_many([("run", {"group": at, "i": i}) for i in range(4)])
    except CwsError as error:
        sys.stdout.write(error.code)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
