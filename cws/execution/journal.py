"""The native processes' journal, read and verified: every record is chained to the one before it by BLAKE3.

The bytes are described in `gateway/crates/journal/src/lib.rs`; this reader shares no code with the writer.
"""

import struct
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from blake3 import blake3

from modules.errors import CwsError

MAGIC, VERSION = b"CWSJRNL1", 1
HEADER_BYTES, HEAD_BYTES, CHECKED_BYTES, HASHED_BYTES = 32, 64, 24, 32
MAX_PAYLOAD_BYTES = 16 * 1024
MAX_FILE_BYTES = 4 << 30
_HEADER = struct.Struct("<8sIIQ")
_HEAD = struct.Struct("<IHHQQ")
_ZEROS = bytes(HEAD_BYTES)


@dataclass(frozen=True, slots=True)
class Record:
    """`kind` says how the payload reads (`cws.execution.entries`); `seq` counts from 1."""

    seq: int
    ts_ns: int
    kind: int
    payload: bytes


@dataclass(frozen=True)
class Journal:
    """A verified journal. `hash` (hex BLAKE3) is the chain's up to the last record; `torn_bytes` lie behind it."""

    created_ns: int
    records: list[Record]
    hash: str
    torn_bytes: int

    @property
    def seq(self) -> int:
        return self.records[-1].seq if self.records else 0

    @cached_property
    def counts(self) -> dict[int, int]:
        """Records by kind."""
        return dict(sorted(Counter(record.kind for record in self.records).items()))


def read_journal(path: Path, last_seq: int | None = None) -> Journal:
    """The journal at `path`, up to and with record `last_seq`; a torn tail is left out and counted.

    Raises CWS-JOURNAL-001 where there is none, -002 where a byte is not as written.
    """
    data = _bytes(path)
    created_ns, digest = _header(data, path)
    records: list[Record] = []
    at = HEADER_BYTES
    while len(data) - at >= HEAD_BYTES and (last_seq is None or len(records) < last_seq):
        head = data[at : at + HEAD_BYTES]
        if blake3(head[:CHECKED_BYTES]).digest(8) != head[CHECKED_BYTES:HASHED_BYTES]:
            if head == _ZEROS and not data[at:].strip(b"\0"):
                break
            raise _damaged(path, len(records) + 1, at)
        length, kind, zero, seq, ts_ns = _HEAD.unpack_from(head)
        end = at + HEAD_BYTES + length
        if length > MAX_PAYLOAD_BYTES or zero or seq != len(records) + 1:
            raise _damaged(path, len(records) + 1, at)
        if end > len(data):
            break
        payload = data[at + HEAD_BYTES : end]
        digest = blake3(digest + head[:HASHED_BYTES] + payload).digest()
        if digest != head[HASHED_BYTES:]:
            raise _damaged(path, seq, at)
        records.append(Record(seq, ts_ns, kind, payload))
        at = end
    torn = 0 if last_seq is not None and len(records) == last_seq else len(data) - at
    return Journal(created_ns, records, digest.hex(), torn)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size <= MAX_FILE_BYTES:
            return path.read_bytes()
        what = f"longer than {MAX_FILE_BYTES} bytes"
    except OSError as failure:
        what = str(failure.strerror)
    raise CwsError("CWS-JOURNAL-001", what=f"no journal: {what}", where=str(path), fix="cws gateway status")


def _header(data: bytes, path: Path) -> tuple[int, bytes]:
    header = data[:HEADER_BYTES]
    if len(header) == HEADER_BYTES and blake3(header[:CHECKED_BYTES]).digest(8) == header[CHECKED_BYTES:]:
        magic, version, _, created_ns = _HEADER.unpack_from(header)
        if (magic, version) == (MAGIC, VERSION):
            return int(created_ns), blake3(header).digest()
    raise _damaged(path, 0, 0)


def _damaged(path: Path, record: int, offset: int) -> CwsError:
    return CwsError(
        "CWS-JOURNAL-002",
        what=f"record {record} is not as it was written",
        where=f"{path}, byte {offset}",
        fix="keep the file as evidence and restore a copy; never edit it",
    )
