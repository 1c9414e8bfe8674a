"""Where the native binaries are, and what to do where they are not."""

from pathlib import Path

from modules.errors import CwsError

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = ROOT / "gateway" / "target" / "release"
# In the order of their start: each needs the one before it.
NAMES = ("cws-venue", "cws-risk", "cws-gateway")
INSTALL = "install Rust 1.95 or newer (rustup.rs) and g++ (apt-get install g++), then make run builds them"


def missing(folder: Path) -> list[str]:
    """The binaries that are not in `folder`."""
    return [name for name in NAMES if not (folder / name).is_file()]


def native_in(folder: Path, wanted: str) -> Path | None:
    """The folder when all binaries stand in it and `wanted` is not `paper`; None: fills are on paper."""
    return None if wanted == "paper" or missing(folder) else folder


def why_paper(folder: Path, wanted: str) -> str:
    """Why fills are on paper; nothing where they are not."""
    if wanted == "paper":
        return "CWS_EXECUTION is paper"
    absent = missing(folder)
    return f"{', '.join(absent)} not in {folder}: {INSTALL}" if absent else ""


def refuse_paper(folder: Path, wanted: str) -> None:
    """Raises CWS-EXECUTION-012 where fills are on paper, and says why: there is nothing to start then."""
    why = why_paper(folder, wanted)
    if why:
        raise CwsError(
            "CWS-EXECUTION-012",
            what=f"there is nothing to start: {why.partition(':')[0]}",
            where="CWS_EXECUTION" if wanted == "paper" else str(folder),
            fix="unset CWS_EXECUTION" if wanted == "paper" else INSTALL,
        )


def binary(folder: Path | None, name: str) -> Path:
    """The binary's path. Raises CWS-EXECUTION-001 where it was not built."""
    if folder is not None and (folder / name).is_file():
        return folder / name
    raise CwsError(
        "CWS-EXECUTION-001",
        what=f"{name} was not built",
        where=str(BUILT if folder is None else folder),
        fix=f"{INSTALL}; until then fills are on paper",
    )
