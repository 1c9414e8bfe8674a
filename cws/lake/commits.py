"""What the ledger acknowledges of the lake, as an index that only grows. A commit that is not here does not exist."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from threading import RLock
from typing import Any, cast

from blake3 import blake3

from cws.lake.files import FileRef
from cws.ledger.ledger import Entry, Ledger
from modules.errors import CwsError

KIND = "lake_commit"


@dataclass(frozen=True)
class Pin:
    """A part of a table at a version, with its `rows`.

    `hash` is the content hash of the part's frame; after appends it is the chain of the batches' content hashes.
    """

    table: str
    part: str
    version: int
    hash: str
    rows: int


@dataclass(frozen=True)
class Commit:
    """One commit: `mode` is replace or append, `files` are the ones it added, `pin` is the part afterwards."""

    pin: Pin
    mode: str
    commit: FileRef
    files: tuple[FileRef, ...]
    batch_hash: str
    schema_hash: str

    def body(self) -> dict[str, object]:
        return {
            **asdict(self.pin),
            "mode": self.mode,
            "commit": {"path": self.commit.path, "blake3": self.commit.blake3, "bytes": self.commit.bytes},
            "files": [asdict(file) for file in self.files],
            "batch_hash": self.batch_hash,
            "schema_hash": self.schema_hash,
        }


@dataclass(frozen=True)
class Acknowledged:
    """A commit with its place in the ledger."""

    commit: Commit
    index: int
    ts_ns: int


def chained(hash_before: str, batch_hash: str) -> str:
    """The hash of a part after an append: reading everything back at each append would make appending quadratic."""
    return "b3:" + blake3(f"{hash_before}+{batch_hash}".encode()).hexdigest()


def _commit(body: Mapping[str, object]) -> Commit:
    fields = cast("dict[str, Any]", body)
    return Commit(
        pin=Pin(**{name: fields[name] for name in ("table", "part", "version", "hash", "rows")}),
        mode=fields["mode"],
        commit=FileRef(**fields["commit"]),
        files=tuple(FileRef(**file) for file in fields["files"]),
        batch_hash=fields["batch_hash"],
        schema_hash=fields["schema_hash"],
    )


class Index:
    """Commits by table and by part, read from the ledger once and extended by what is new."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # Tables are written side by side, but they share this index: two threads must not take in one entry twice.
        self._mutex = RLock()
        self._entries_seen = 0
        self._commits_seen = 0
        self._by_table: dict[str, list[Acknowledged]] = {}
        self._by_part: dict[tuple[str, str], list[Commit]] = {}

    def refresh(self) -> None:
        """Take in what this or another process appended. A ledger that was tampered with refuses with its own codes."""
        with self._mutex:
            entries = self._ledger.head().entries
            if entries != self._entries_seen:
                for entry in self._ledger.entries(KIND)[self._commits_seen :]:
                    self._take(entry)
                self._entries_seen = entries

    def acknowledge(self, commit: Commit) -> None:
        """Append the commit to the ledger; when this returns it is visible to every reader."""
        with self._mutex:
            entry = self._ledger.append(KIND, commit.body())
            if entry.index == self._entries_seen:
                self._take(entry)
                self._entries_seen += 1
            else:
                self.refresh()

    def _take(self, entry: Entry) -> None:
        commit = _commit(entry.body)
        table = self._by_table.setdefault(commit.pin.table, [])
        if commit.pin.version != len(table):
            raise CwsError(
                "CWS-LAKE-019",
                what=f"the ledger acknowledges version {commit.pin.version} where version {len(table)} belongs",
                where=f"ledger entry {entry.index}, table {commit.pin.table}",
                fix="verify the ledger; two lakes may have written to one ledger",
            )
        table.append(Acknowledged(commit, entry.index, entry.ts_ns))
        self._by_part.setdefault((commit.pin.table, commit.pin.part), []).append(commit)
        self._commits_seen += 1

    def tables(self) -> list[str]:
        return sorted(self._by_table)

    def of_table(self, table: str) -> list[Acknowledged]:
        return self._by_table.get(table, [])

    def of_part(self, table: str, part: str) -> list[Commit]:
        """All commits of a part, oldest first."""
        return self._by_part.get((table, part), [])

    def parts(self, table: str) -> list[str]:
        return sorted(part for name, part in self._by_part if name == table)

    def content(self, pin: Pin) -> list[Commit]:
        """The commits whose files are the part at `pin.version`: the last replacement and what was appended since."""
        commits: list[Commit] = []
        for commit in reversed(self.of_part(pin.table, pin.part)):
            if commit.pin.version <= pin.version:
                commits.append(commit)
                if commit.mode == "replace":
                    break
        return commits[::-1]
