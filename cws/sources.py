"""Read a source's file and keep its bytes as they came, under their own hash. The one place that reads vendor files."""

import errno
import importlib.util
import os
import stat
from pathlib import Path

from cws.environment import file_hash
from cws.lake.fsck import Problem
from cws.ledger.disk import sync_folder
from cws.ledger.ledger import Ledger
from cws.strategies import Source
from modules.errors import CwsError
from modules.values import RawBytes, raw_bytes

MAX_SOURCE_BYTES = 512 * 1024 * 1024
DAMAGED_RAW = "CWS-SOURCE-005"


def locate(source: Source, folder: Path) -> Path:
    """The file that a source names: in an installed package (found without importing it) or relative to `folder`."""
    if not source.package:
        return (folder / source.path).resolve()
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise CwsError(
            "CWS-SOURCE-001",
            what=f"package {source.package!r} is not installed",
            where=source.path,
            fix="make run installs it",
        )
    root = Path(next(iter(spec.submodule_search_locations))).resolve()
    path = (root / source.path).resolve()
    if not path.is_relative_to(root):
        raise CwsError(
            "CWS-SOURCE-006",
            what=f"{source.path!r} leads out of the package {source.package!r}",
            where="source.path",
            fix="name a file inside the package, or leave package empty",
        )
    return path


def read(path: Path) -> RawBytes:
    """The whole regular file, refused when it is missing or none (CWS-SOURCE-002) or too large (CWS-SOURCE-003)."""
    try:
        # Looked at before it is opened: opening a pipe would wait for a writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        with path.open("rb") as handle:
            data = handle.read(MAX_SOURCE_BYTES + 1)
    except OSError as failure:
        raise CwsError(
            "CWS-SOURCE-002",
            what=f"cannot read the source: {failure.strerror}",
            where=str(path),
            fix="check source.path in the dataset's TOML",
        ) from None
    if len(data) > MAX_SOURCE_BYTES:
        raise CwsError(
            "CWS-SOURCE-003", what=f"more than {MAX_SOURCE_BYTES} bytes", where=str(path), fix="split the file"
        )
    return raw_bytes(data)


def keep(raw: RawBytes, name: str, folder: Path, ledger: Ledger) -> Path:
    """Write the bytes once under their hash, durably, and tell the ledger; known bytes are not written again."""
    path = folder / raw.hash.removeprefix("b3:")
    known = {str(entry.body["blake3"]) for entry in ledger.entries("raw")}
    if raw.hash in known and path.exists() and file_hash(path) == raw.hash:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    try:
        with partial.open("wb") as handle:
            handle.write(raw.data)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
        sync_folder(folder)
    except OSError as failure:
        partial.unlink(missing_ok=True)
        raise CwsError(
            "CWS-SOURCE-004",
            what=f"cannot keep the raw bytes: {failure.strerror}",
            where=str(path),
            fix="free some space and run again",
        ) from None
    if raw.hash not in known:
        ledger.append("raw", {"source": name, "blake3": raw.hash, "bytes": len(raw.data)})
    return path


def damaged_raw(folder: Path, ledger: Ledger) -> list[Problem]:
    """The kept raw bytes that are not what the ledger says, in the terms of `cws.lake.fsck`.

    No stage reads them again, so damage refuses nothing; the next ingest of the same bytes keeps them anew.
    """
    found: list[Problem] = []
    for digest in sorted({str(entry.body["blake3"]) for entry in ledger.entries("raw")}):
        path = folder / digest.removeprefix("b3:")
        if not path.exists():
            found.append(Problem("raw", -1, f"raw/{path.name}", DAMAGED_RAW, "the bytes that were received are gone"))
        elif file_hash(path) != digest:
            found.append(Problem("raw", -1, f"raw/{path.name}", DAMAGED_RAW, "the bytes that were received changed"))
    return found
