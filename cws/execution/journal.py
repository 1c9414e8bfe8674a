"""The native processes' journal, read and verified: every record is chained to the one before it by BLAKE3.

The bytes are described in `gateway/crates/journal/src/lib.rs`; this reader shares no code with the writer. A long
journal is several files (`risk.journal`, `risk.journal.1`, ...) and one chain.
"""

import struct
from collections import Counter
from dataclasses import dataclass, field
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
    """The journal whose first file is `path`, up to and with record `last_seq`; a torn tail is left out and counted.

    Raises CWS-JOURNAL-001 where there is none, -002 where a byte is not as written, -008 where a file is missing.
    """
    files = _files(path)
    chain, torn = _Chain(last_seq), 0
    for number, file in enumerate(files):
        data = _bytes(file)
        torn = chain.read(data, file, number)
        if file != files[-1] and (torn or not data) and not chain.is_full:
            raise _damaged(file, len(chain.records) + 1, len(data) - torn)
        if chain.is_full:
            break
    return Journal(chain.created_ns, chain.records, chain.digest.hex(), 0 if chain.is_full else torn)


@dataclass
class _Chain:
    """What was read so far: `digest` is the last record's, `link` the hash before the next one."""

    last_seq: int | None
    created_ns: int = 0
    digest: bytes = b""
    link: bytes = b""
    records: list[Record] = field(default_factory=list[Record])

    @property
    def is_full(self) -> bool:
        return self.last_seq is not None and len(self.records) >= self.last_seq

    def read(self, data: bytes, path: Path, number: int) -> int:
        """All records of file `number`; returns the bytes of a torn tail."""
        if number and len(data) < HEADER_BYTES and MAGIC.startswith(data[: len(MAGIC)]):
            return len(data)
        self._header(data, path, number)
        at = HEADER_BYTES
        while len(data) - at >= HEAD_BYTES and not self.is_full:
            end = self._record(data, at, path)
            if end == at:
                break
            at = end
        return len(data) - at

    def _header(self, data: bytes, path: Path, number: int) -> None:
        header = data[:HEADER_BYTES]
        if len(header) == HEADER_BYTES and blake3(header[:CHECKED_BYTES]).digest(8) == header[CHECKED_BYTES:]:
            magic, version, found, created_ns = _HEADER.unpack_from(header)
            follows = number == 0 or created_ns == self.created_ns
            if (magic, version, found) == (MAGIC, VERSION, number) and follows:
                self.created_ns = int(created_ns)
                self.link = blake3(self.digest + header).digest()
                self.digest = self.digest or self.link
                return
        raise _damaged(path, 0, 0)

    def _record(self, data: bytes, at: int, path: Path) -> int:
        """Where the record at `at` ends; `at` itself where it is cut off."""
        head = data[at : at + HEAD_BYTES]
        if blake3(head[:CHECKED_BYTES]).digest(8) != head[CHECKED_BYTES:HASHED_BYTES]:
            if head == _ZEROS and not data[at:].strip(b"\0"):
                return at
            raise _damaged(path, len(self.records) + 1, at)
        length, kind, zero, seq, ts_ns = _HEAD.unpack_from(head)
        end = at + HEAD_BYTES + length
        if length > MAX_PAYLOAD_BYTES or zero or seq != len(self.records) + 1:
            raise _damaged(path, len(self.records) + 1, at)
        if end > len(data):
            return at
        payload = data[at + HEAD_BYTES : end]
        digest = blake3(self.link + head[:HASHED_BYTES] + payload).digest()
        if digest != head[HASHED_BYTES:]:
            raise _damaged(path, seq, at)
        self.records.append(Record(seq, ts_ns, kind, payload))
        self.digest = self.link = digest
        return end


def _files(path: Path) -> list[Path]:
    """`path`, `path.1`, `path.2` and so on: all that there are, and none may be missing between."""
    behind = [found.name.removeprefix(f"{path.name}.") for found in path.parent.glob(f"{path.name}.*")]
    numbers = {int(text) for text in behind if text.isdecimal() and text == str(int(text)) and text != "0"}
    last = max(numbers, default=0)
    files = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, last + 1))]
    if numbers and (gap := next((file for file in files if not file.exists()), None)):
        raise CwsError(
            "CWS-JOURNAL-008",
            what=f"a file is missing before {files[-1].name}",
            where=str(gap),
            fix="restore it from a copy: all files of a journal belong together",
        )
    return files


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size <= MAX_FILE_BYTES:
            return path.read_bytes()
        what = f"longer than {MAX_FILE_BYTES} bytes"
    except OSError as failure:
        what = str(failure.strerror)
    raise CwsError("CWS-JOURNAL-001", what=f"no journal: {what}", where=str(path), fix="cws gateway status")


def _damaged(path: Path, record: int, offset: int) -> CwsError:
    return CwsError(
        "CWS-JOURNAL-002",
        what=f"record {record} is not as it was written",
        where=f"{path}, byte {offset}",
        fix="keep the file as evidence and restore a copy; never edit it",
    )
