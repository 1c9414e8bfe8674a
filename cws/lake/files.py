"""Files of the lake: durable under their final name or not there at all, and compared with what the ledger says."""

import os
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from modules.errors import CwsError

ROWS_PER_GROUP = 131_072
CHUNK_BYTES = 1 << 20
# A file changed twice within one tick of the file system's clock keeps its stamps: young files are read again.
YOUNG_NS = 1_000_000_000


@dataclass(frozen=True)
class FileRef:
    """One file as the ledger knows it: path relative to the table's folder, BLAKE3 (hex) and size of its bytes."""

    path: str
    blake3: str
    bytes: int
    rows: int = 0


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write under a temporary name, fsync, rename, fsync the folder. On any failure the temporary file is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        pq.write_table(table, temporary, compression="zstd", row_group_size=ROWS_PER_GROUP, write_page_checksum=True)
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def describe(folder: Path, path: Path, rows: int = 0) -> FileRef:
    digest, size_bytes = fingerprint(path)
    return FileRef(path.relative_to(folder).as_posix(), digest, size_bytes, rows)


def fingerprint(path: Path) -> tuple[str, int]:
    """(BLAKE3 hex, size in bytes); the bytes are read once per process as long as the file's stamps stay."""
    stat = path.stat()
    stamps = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    young = time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) < YOUNG_NS
    return (_digest(str(path)) if young else _digest_once(str(path), stamps)), stat.st_size


@lru_cache(maxsize=1 << 18)
def _digest_once(path: str, stamps: tuple[int, ...]) -> str:
    assert stamps
    return _digest(path)


def _digest(path: str) -> str:
    state = blake3()
    with Path(path).open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def verify(folder: Path, ref: FileRef, version: int) -> None:
    """Raises CWS-LAKE-009 when the file cannot be read, CWS-LAKE-010 when its bytes are not the acknowledged ones."""
    where = f"table {folder.name}, version {version}, file {ref.path}"
    try:
        digest, size_bytes = fingerprint(folder / ref.path)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise CwsError("CWS-LAKE-009", what=what, where=where, fix=_RESTORE) from error
    if (digest, size_bytes) != (ref.blake3, ref.bytes):
        found, acknowledged = f"{size_bytes} bytes, BLAKE3 {digest[:16]}", f"{ref.bytes} bytes, {ref.blake3[:16]}"
        what = f"the file changed: {found}; acknowledged are {acknowledged}"
        raise CwsError("CWS-LAKE-010", what=what, where=where, fix=_RESTORE)


_RESTORE = "restore this file from a copy; `cws lake fsck` lists all damage"
