"""Which failure this is: the same fault has the same signature on other days, in other runs, after other edits."""

from pathlib import Path
from types import TracebackType

from modules.canonical import json_hash
from modules.errors import CwsError

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("site-packages", ".venv")
HASH_CHARACTERS = 12


def frames(traceback: TracebackType | None) -> list[str]:
    """`path:function` of every frame that is ours, outermost first. No line numbers: they move with every edit."""
    found: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        path = Path(code.co_filename)
        if path.is_relative_to(ROOT) and not any(part in LIBRARIES for part in path.parts):
            found.append(f"{path.relative_to(ROOT).as_posix()}:{code.co_name}")
        traceback = traceback.tb_next
    return found


def signature(failure: BaseException) -> str:
    """`class:code:hash`: the exception's class, its CWS code (`-` without one), and 12 characters over our frames."""
    code = failure.code if isinstance(failure, CwsError) else "-"
    return f"{type(failure).__name__}:{code}:{json_hash(frames(failure.__traceback__))[3 : 3 + HASH_CHARACTERS]}"
