"""The append-only ledger: one writer at a time, any number of readers, every entry hashed over its predecessor.

An append is: lock, read what others wrote, write at the verified end, fsync, acknowledge. A crash at any point leaves
either a torn tail, which the next append cuts and records, or complete entries, which the next append acknowledges.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cws.ledger.acknowledged import FILE_NAME, NOTHING, Acknowledged, read_acknowledged, write_acknowledged
from cws.ledger.chain import Chain, add, follow, measure, segment_name, segment_numbers, segment_of
from cws.ledger.disk import make_folder, reader_lock, sync_file, sync_folder, write_tail, writer_lock
from cws.ledger.entry import Entry, decode, make_line
from modules.errors import CwsError

MAX_GROUP_ENTRIES = 16_384
TORN_KIND = "torn_tail"

# Segment number -> inode, size in bytes, modification and change time in ns (the last cannot be set back).
Stamps = dict[int, tuple[int, int, int, int]]


@dataclass(frozen=True)
class Head:
    """`hash` is the last entry's (hex SHA-256; zeros when empty), `root` the hex RFC 6962 Merkle root of the lines."""

    entries: int
    hash: str
    root: str


class Ledger:
    """A ledger folder, for several threads and processes. The first read verifies all, later ones what was added."""

    def __init__(self, folder: Path, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._folder = folder
        self._clock_ns = clock_ns
        self._mutex = threading.RLock()
        self._chain = Chain()
        self._acknowledged = NOTHING
        self._witnessed = NOTHING
        self._stamps: Stamps | None = None
        self._torn_bytes = 0

    def append(self, kind: str, body: Mapping[str, object]) -> Entry:
        """Write one entry; it is durable and acknowledged when this returns. Errors as in `append_many`."""
        return self.append_many([(kind, body)])[0]

    def append_many(self, items: Sequence[tuple[str, Mapping[str, object]]]) -> list[Entry]:
        """Write entries with one fsync. An error leaves none; a crash may leave the first few, never a part of one.

        Raises CWS-LEDGER-001, -002, -003 (bad entry), -012 (too many), -009 (the disk refused), -010 (locked), and what
        `entries` raises.
        """
        if len(items) > MAX_GROUP_ENTRIES:
            raise CwsError(
                "CWS-LEDGER-012",
                what=f"{len(items)} entries in one group; the limit is {MAX_GROUP_ENTRIES}",
                where=str(self._folder),
                fix="append them in several groups",
            )
        if not items:
            return []
        with self._writing():
            self._settle()
            lines = self._make_lines(items)
            self._commit_or_cut_back(lines)
        return [decode(line) for line in lines]

    def entries(self, kind: str | None = None) -> list[Entry]:
        """All entries, or those of one kind, verified; each call gives fresh bodies.

        Raises CWS-LEDGER-004, -005, -006, -007, -008, -011 on tampering. A torn tail is left for `recover`.
        """
        with self._reading():
            pairs = zip(self._chain.lines, self._chain.kinds, strict=True)
            return [decode(line) for line, its_kind in pairs if kind is None or its_kind == kind]

    def head(self) -> Head:
        """Where the verified ledger ends. Raises what `entries` raises."""
        with self._reading():
            end = measure(self._chain)
            return Head(end.entries, end.hash, end.root)

    def recover(self) -> int:
        """Cut a torn tail and record the cut as an entry of kind `torn_tail`; returns the bytes cut, 0 for none."""
        with self._writing():
            return self._settle()

    def _settle(self) -> int:
        """After a crash: complete entries beyond the acknowledged length stay, a torn rest gives way to its record."""
        torn_bytes = self._torn_bytes
        if torn_bytes:
            where = {"segment": segment_name(self._chain.segment), "offset_bytes": self._chain.offset_bytes}
            self._commit(self._make_lines([(TORN_KIND, {"bytes": torn_bytes, **where})]))
        elif len(self._chain.lines) > self._acknowledged.entries:
            self._commit([])
        return torn_bytes

    def _make_lines(self, items: Sequence[tuple[str, Mapping[str, object]]]) -> list[bytes]:
        lines: list[bytes] = []
        index, prev = len(self._chain.lines), self._chain.hash
        for place, (kind, body) in enumerate(items):
            lines.append(make_line(index + place, kind, self._clock_ns(), dict(body), prev))
            prev = decode(lines[-1]).hash
        return lines

    def _commit_or_cut_back(self, lines: list[bytes]) -> None:
        segment, offset_bytes, acknowledged = self._chain.segment, self._chain.offset_bytes, self._acknowledged
        try:
            self._commit(lines)
        except OSError:
            # The rename may have happened before the error; what is acknowledged must not be cut.
            if read_acknowledged(self._folder) == acknowledged:
                self._cut_back(segment, offset_bytes)
            raise

    def _commit(self, lines: list[bytes]) -> None:
        try:
            self._write(lines)
            for line in lines:
                add(self._chain, line)
            end = measure(self._chain)
            write_acknowledged(self._folder, end)
        except BaseException:
            self._forget()
            raise
        self._acknowledged = self._witnessed = end
        self._stamps, self._torn_bytes = self._stamp(), 0

    def _write(self, lines: list[bytes]) -> None:
        """Data first: every byte that will be acknowledged is durable, and no segment behind the last one is left."""
        names_before = segment_numbers(self._folder)
        first, parts = self._chain.segment, self._split(lines)
        last = max([first, *parts])
        for number in range(segment_of(self._acknowledged.entries), first):
            sync_file(self._folder / segment_name(number))
        for number in range(first, last + 1):
            start = self._chain.offset_bytes if number == first else 0
            write_tail(self._folder / segment_name(number), start, parts.get(number, b""))
        self._drop_segments_after(last)
        if names_before != segment_numbers(self._folder):
            sync_folder(self._folder)

    def _split(self, lines: list[bytes]) -> dict[int, bytes]:
        parts: dict[int, list[bytes]] = {}
        for index, line in enumerate(lines, start=len(self._chain.lines)):
            parts.setdefault(segment_of(index), []).append(line + b"\n")
        return {number: b"".join(part) for number, part in parts.items()}

    def _cut_back(self, segment: int, offset_bytes: int) -> None:
        self._drop_segments_after(segment)
        path = self._folder / segment_name(segment)
        if path.exists():
            write_tail(path, offset_bytes, b"")

    def _drop_segments_after(self, last: int) -> None:
        for number in reversed(segment_numbers(self._folder)):
            if number > last:
                (self._folder / segment_name(number)).unlink()

    @contextmanager
    def _reading(self) -> Generator[None]:
        with self._mutex, _coded_errors(self._folder):
            if self._folder.is_dir():
                with reader_lock(self._folder / ".lock"):
                    self._refresh()
            else:
                self._forget()
                self._refuse_rollback()
            yield

    @contextmanager
    def _writing(self) -> Generator[None]:
        with self._mutex, _coded_errors(self._folder):
            make_folder(self._folder)
            with writer_lock(self._folder / ".lock"):
                self._refresh()
                if not (self._folder / FILE_NAME).exists():
                    # Before the first segment: from here on, segments without this file are tampering.
                    write_acknowledged(self._folder, NOTHING)
                yield

    def _refresh(self) -> None:
        acknowledged = read_acknowledged(self._folder) or self._nothing_yet()
        stamps = self._stamp()
        if stamps == self._stamps and acknowledged == self._acknowledged:
            return
        chain = self._chain if self._may_resume(acknowledged, stamps) else Chain()
        # Should the walk end in an error, nothing half-verified is left for the next call.
        self._chain = Chain()
        self._stamps = None
        torn_bytes = follow(self._folder, chain, acknowledged)
        self._chain, self._torn_bytes = chain, torn_bytes
        self._refuse_rollback()
        self._acknowledged = self._witnessed = acknowledged
        self._stamps = stamps

    def _may_resume(self, acknowledged: Acknowledged, stamps: Stamps) -> bool:
        """Whether the files only grew: full segments untouched, the open one longer. Else all is verified anew."""
        if self._stamps is None or acknowledged.entries < len(self._chain.lines):
            return False
        return all(self._still_holds(number, stamps.get(number)) for number in self._stamps)

    def _still_holds(self, number: int, now: tuple[int, int, int, int] | None) -> bool:
        before = self._stamps.get(number) if self._stamps else None
        if now == before or number > self._chain.segment:
            return True
        if now is None or before is None or number < self._chain.segment:
            return False
        return now[0] == before[0] and now[1] > self._chain.offset_bytes

    def _stamp(self) -> Stamps:
        stats = {number: (self._folder / segment_name(number)).stat() for number in segment_numbers(self._folder)}
        return {
            number: (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for number, stat in stats.items()
        }

    def _nothing_yet(self) -> Acknowledged:
        if segment_numbers(self._folder):
            raise CwsError(
                "CWS-LEDGER-006",
                what="there are segments, but the file that holds the acknowledged length is gone",
                where=str(self._folder / FILE_NAME),
                fix="restore the ledger from a copy; a new file is never made up",
            )
        return NOTHING

    def _refuse_rollback(self) -> None:
        """What this process saw acknowledged must still be there, whatever the files now say."""
        lines, seen = self._chain.lines, self._witnessed
        if seen.entries and (len(lines) < seen.entries or decode(lines[seen.entries - 1]).hash != seen.hash):
            raise CwsError(
                "CWS-LEDGER-011",
                what=f"the ledger was rolled back or rewritten: {len(lines)} of {seen.entries} entries stand",
                where=f"{self._folder}: entry {seen.entries - 1}",
                fix="restore the ledger from a copy that holds the hash " + seen.hash,
            )

    def _forget(self) -> None:
        self._chain, self._acknowledged = Chain(), NOTHING
        self._stamps, self._torn_bytes = None, 0


@contextmanager
def _coded_errors(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise CwsError(
            "CWS-LEDGER-009",
            what=f"the ledger's files could not be read or written: {error}",
            where=str(folder),
            fix="free space or restore access, then try again; entries that were acknowledged are safe",
        ) from error
