"""Run a command where nothing but its view exists: no network, no CWS_HOME, no vendor data, no environment.

bubblewrap (Debian's) makes the walls out of kernel namespaces. Whoever tunes on what decides later makes every test
worthless, so what proposes patches runs in here, and without the walls it does not run at all.
"""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from modules.errors import CwsError

BWRAP = "bwrap"
# Whoever starts it as root would be root inside, too: able to lift what hides a file and to make what is bound
# writable, there or in a further namespace.
UNABLE = ("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL")
# Where the view stands inside, whatever its name outside: a path tells nothing about the house.
VIEW = Path("/view")
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")
# The system call `keyctl` by machine, and its command that starts a session's keyring anew.
KEYCTL, JOIN_SESSION_KEYRING = {"x86_64": 250, "aarch64": 219}, 1
MAX_OUTPUT_BYTES = 1_000_000
MAX_FILE_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Budget:
    """What a confined command may use before it is ended."""

    wall_s: float = 600.0
    cpu_s: int = 600


@cache
def missing() -> str:
    """Why there are no walls on this machine, "" when there are."""
    if shutil.which(BWRAP) is None:
        return "bubblewrap is not installed"
    tried = subprocess.run([BWRAP, *UNABLE, "--ro-bind", "/", "/", "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"bubblewrap cannot make namespaces here: {tried.stderr.strip()[:200]}"


def walls(view: Path, hidden: Sequence[Path], command: Sequence[str]) -> list[str]:
    """The whole command line: a bare root with the system's libraries, Python, and `view` alone writable.

    `hidden` are files or folders below what is bound (data inside installed packages): they are empty inside.
    """
    line = [BWRAP, *UNABLE, "--die-with-parent", "--new-session", "--clearenv"]
    # First what is empty: a Python that is installed below /tmp must not vanish behind it.
    # Root owns /proc/sys of the whole machine, capabilities or not: nothing below /proc is written.
    line += ["--tmpfs", "/tmp", "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"]
    for path in SYSTEM:
        line += ["--ro-bind-try", path, path]
    for path in dict.fromkeys([sys.base_prefix, sys.prefix]):
        # Bound where it really is, so that what is hidden below it is hidden under every name.
        real = Path(path).resolve()
        line += ["--ro-bind", str(real), str(real)]
        line += ["--symlink", str(real), path] if str(real) != path else []
    for path in hidden:
        line += ["--ro-bind", "/dev/null", str(path)] if path.is_file() else ["--tmpfs", str(path)]
    line += ["--bind", str(view), str(VIEW), "--chdir", str(VIEW)]
    for name, value in _environment().items():
        line += ["--setenv", name, value]
    return [*line, "--", *command]


def _environment() -> dict[str, str]:
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(VIEW / "code"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def refuse_without_walls() -> None:
    """Raises CWS-SANDBOX-001 on a machine that cannot make walls."""
    if why := missing():
        raise CwsError(
            "CWS-SANDBOX-001",
            what=f"what proposes patches must not see what decides about them: {why}",
            where="cws supervise",
            fix="apt-get install bubblewrap",
        )


def confined(view: Path, hidden: Sequence[Path], command: Sequence[str], budget: Budget) -> str:
    """Run the command to its end and return what it printed.

    Raises CWS-SANDBOX-001 without walls, -002 when it used up its budget, -003 when it failed or printed too much.
    """
    refuse_without_walls()
    where = " ".join(command)[:200]
    # Files, not pipes: a limit on their size holds whoever prints without end before it fills this process's memory.
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complained:
        try:
            done = subprocess.run(
                walls(view, hidden, command),
                # The process that holds the walls shows its own environment inside, as /proc/1/environ.
                executable=shutil.which(BWRAP),
                env={},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=complained,
                timeout=budget.wall_s,
                preexec_fn=lambda: _limit(budget),
            )
        except subprocess.TimeoutExpired:
            raise CwsError(
                "CWS-SANDBOX-002", what=f"more than {budget.wall_s:g} s", where=where, fix="give it a larger budget"
            ) from None
        out, size = _end(printed, MAX_OUTPUT_BYTES)
        said = _end(complained, 1_000)[0].strip().split("\n")[-1][:300]
    if done.returncode != 0 or size > MAX_OUTPUT_BYTES:
        raise CwsError(
            "CWS-SANDBOX-003",
            what=f"ended with {done.returncode}: {said or f'{size} bytes of output'}",
            where=where,
            fix="run it alone in a copy of its view",
        )
    return out


def _end(file: IO[bytes], most: int) -> tuple[str, int]:
    """At most the last `most` bytes of a file as text, and its size."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - most))
    return file.read().decode(errors="replace"), size


def _limit(budget: Budget) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (budget.cpu_s, budget.cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    _forget_keys()


def _forget_keys() -> None:
    """Keys of the caller's session pass through every namespace. Where this is refused, reading them is, too."""
    if number := KEYCTL.get(os.uname().machine):
        ctypes.CDLL(None).syscall(number, JOIN_SESSION_KEYRING, None)
