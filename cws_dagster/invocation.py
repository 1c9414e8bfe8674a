"""How to call this program again: the word that a reader can paste into the shell that they stand in."""

import os
import shlex
import shutil
import sys
from pathlib import Path


def again(program: Path, here: Path, on_path: str | None) -> str:
    """`cws` when the shell finds this very file by that name, else the shorter of absolute and relative path."""
    if on_path is not None and Path(on_path).absolute() == program.absolute():
        return program.name
    return shlex.quote(min(os.path.relpath(program, here), str(program.absolute()), key=len))


def cws() -> str:
    """How `cws` was called; the script beside the interpreter when a module or a test called it."""
    called, beside = Path(sys.argv[0]), Path(sys.executable).with_name("cws")
    for program in (called, beside):
        if program.name == "cws" and program.is_file():
            return again(program, Path.cwd(), shutil.which("cws"))
    return f"{shlex.quote(sys.executable)} -m cws_dagster.cli"


def nothing_yet() -> str:
    """What every listing says of a home that nothing was written to."""
    return f"Nothing is here yet: run `{cws()} run`, it fills this home."
