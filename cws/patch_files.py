"""Patches that people keep as files."""

from collections.abc import Sequence
from pathlib import Path

from modules.errors import CwsError

MAX_FILES = 2_000


def texts_of(paths: Sequence[Path]) -> list[tuple[str, str]]:
    """Name and text of each file, and of each *.toml of a folder, in order.

    Raises CWS-PATCH-007 for a path that cannot be read, -008 for none or too many.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
    if not 1 <= len(files) <= MAX_FILES:
        raise CwsError(
            "CWS-PATCH-008",
            what=f"{len(files)} patches, and it takes 1 to {MAX_FILES}",
            where=" ".join(map(str, paths))[:200],
            fix="name patches' TOML files, or folders that hold them",
        )
    return [(file.name, _text(file)) for file in files]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise CwsError(
            "CWS-PATCH-007",
            what=f"cannot read the patch: {failure}",
            where=str(file),
            fix="name a patch's TOML file",
        ) from None
