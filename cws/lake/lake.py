"""The lake: one Delta table a name, one partition a part, and a ledger entry as the acknowledgement of every commit.

A commit is: lock, put aside what a crash left, write the data file, write the Delta commit, append to the ledger.
Only the last step makes it visible. Replaced files stay where they are, so every old version can be read.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
from deltalake.exceptions import DeltaError

from cws.lake.commits import Commit, Index, Pin, chained
from cws.lake.files import describe, write_parquet
from cws.lake.frames import checked_arrow, schema_hash
from cws.lake.lock import table_lock
from cws.lake.log import verify_log, write_commit
from cws.lake.orphans import put_aside
from cws.lake.reader import Reader
from cws.lake.tables import TABLES, TableSpec
from cws.ledger.ledger import Ledger
from modules.canonical import content_hash
from modules.errors import CwsError

PART = re.compile(r"[a-z0-9_.-]{1,64}")


class Lake:
    """Tables under `folder`, acknowledged in `ledger`. Writers lock a table; readers never wait."""

    def __init__(self, folder: Path, ledger: Ledger, specs: Mapping[str, TableSpec] = TABLES) -> None:
        self.folder = folder
        self.specs = specs
        self.index = Index(ledger)
        self.reader = Reader(folder, self.index)

    def commit(self, table: str, part: str, frame: pd.DataFrame) -> Pin:
        """Make `frame` the part's whole content. The same content as now makes no version: its pin is returned.

        Raises CWS-LAKE-001 .. -006 (refused input), -009 .. -011 (damage), -013, -015 (no space), -016 (locked).
        """
        return self._write(table, part, frame, "replace")

    def append(self, table: str, part: str, frame: pd.DataFrame) -> Pin:
        """Add rows to the part; the declared order holds within one batch. Errors as `commit`.

        Batch what belongs together: each commit costs a stat of every earlier commit file, and two fsyncs.
        """
        return self._write(table, part, frame, "append")

    def pin(self, table: str, part: str, version: int | None = None) -> Pin:
        """The part's latest pin, or its latest up to the table's `version`. Raises CWS-LAKE-007: there is none."""
        self._verify(table)
        versions = len(self.index.of_table(table))
        pins = [commit.pin for commit in self.index.of_part(table, part)]
        if version is not None:
            pins = [pin for pin in pins if pin.version <= version < versions]
        if not pins:
            as_of = "" if version is None else f" as of version {version}"
            last = f"; its versions are 0 to {versions - 1}" if versions else ""
            known = ", ".join(self.index.parts(table)[:20])
            raise CwsError(
                "CWS-LAKE-007",
                what=f"no such part{as_of}{last}",
                where=f"table {table}, part {part!r}",
                fix=f"its parts are {known}" if known else "the table has no data yet: cws lake tables",
            )
        return pins[-1]

    def read(self, pin: Pin, columns: Sequence[str] | None = None, as_of_ns: int | None = None) -> pd.DataFrame:
        """The rows of a pin, verified; `as_of_ns` keeps rows with ts_avail <= as_of_ns.

        Raises CWS-LAKE-008 (no such pin), -009 .. -012 and -018 (damage), -014 (no such column).
        """
        self._spec_folder(pin.table)
        return self.reader.read(pin, columns, as_of_ns)

    def stream(self, pin: Pin) -> Iterator[pd.DataFrame]:
        """The rows of a pin, verified, commit by commit: never more than one commit in memory. Errors as `read`."""
        self._spec_folder(pin.table)
        return self.reader.stream(pin)

    def tables(self) -> list[dict[str, object]]:
        """One row a table that has data: its version, parts, rows and bytes now, and why it exists."""
        self.index.refresh()
        return [self._summary(table) for table in self.index.tables()]

    def parts(self, table: str) -> list[Pin]:
        """The latest pin of every part, by name."""
        self._verify(table)
        return [self.index.of_part(table, part)[-1].pin for part in self.index.parts(table)]

    def history(self, table: str) -> list[dict[str, object]]:
        """One row a version, oldest first, with its place in the ledger."""
        self._verify(table)
        return [
            {"version": a.commit.pin.version, "part": a.commit.pin.part, "mode": a.commit.mode,
             "rows": a.commit.pin.rows, "hash": a.commit.pin.hash, "bytes": sum(file.bytes for file in a.commit.files),
             "ledger_index": a.index, "ts_ns": a.ts_ns}
            for a in self.index.of_table(table)
        ]  # fmt: skip

    def recover(self) -> list[str]:
        """Put aside commits and files that the ledger does not know; returns their new paths."""
        folders = sorted(path for path in self.folder.iterdir() if path.is_dir()) if self.folder.is_dir() else []
        moved: list[str] = []
        for folder in folders:
            with table_lock(folder):
                moved += self._recover_table(folder)
        return moved

    def _recover_table(self, folder: Path) -> list[str]:
        verify_log(folder, self.index)
        return put_aside(folder, self.index)

    def _summary(self, table: str) -> dict[str, object]:
        pins = self.parts(table)
        size_bytes = sum(file.bytes for pin in pins for commit in self.index.content(pin) for file in commit.files)
        why = self.specs[table].why if table in self.specs else ""
        version, rows = len(self.index.of_table(table)) - 1, sum(pin.rows for pin in pins)
        return {"table": table, "version": version, "parts": len(pins), "rows": rows, "bytes": size_bytes, "why": why}

    def _verify(self, table: str) -> None:
        verify_log(self._spec_folder(table), self.index)

    def _spec_folder(self, table: str) -> Path:
        """The table's folder; a name that is neither declared nor in the ledger never becomes a path."""
        if table not in self.specs and table not in self.index.tables():
            near = difflib.get_close_matches(table, self.specs, n=1)
            raise CwsError(
                "CWS-LAKE-001",
                what=f"there is no table {table[:80]!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                where=f"lake {self.folder}",
                fix=f"tables are {sorted(self.specs)}",
            )
        return self.folder / table

    def _write(self, table: str, part: str, frame: pd.DataFrame, mode: str) -> Pin:
        folder = self._spec_folder(table)
        if not PART.fullmatch(part):
            what, fix = f"{part[:80]!r} cannot name a part", f"use {PART.pattern}"
            raise CwsError("CWS-LAKE-002", what=what, where=f"table {table}", fix=fix)
        data, batch_hash = checked_arrow(frame, self.specs[table]), content_hash(frame)
        try:
            with table_lock(folder):
                self._recover_table(folder)
                return self._write_locked(folder, part, data, batch_hash, mode)
        except (OSError, DeltaError, pa.ArrowException) as error:
            raise CwsError(
                "CWS-LAKE-015",
                what=f"the commit failed and is not visible: {error}",
                where=f"table {table}, part {part}",
                fix="free space or repair the disk, then run again; the previous version stands",
            ) from error

    def _write_locked(self, folder: Path, part: str, data: pa.Table, batch_hash: str, mode: str) -> Pin:
        spec, version = self.specs[folder.name], len(self.index.of_table(folder.name))
        self._check_schema(spec)
        last = self._last_pin(folder.name, part)
        appending = last is not None and mode == "append"
        if last is not None and (data.num_rows == 0 if appending else last.hash == batch_hash):
            self.reader.verify_files(last)
            return last
        pin_hash = chained(last.hash, batch_hash) if last is not None and appending else batch_hash
        rows = data.num_rows + (last.rows if last is not None and appending else 0)
        pin = Pin(folder.name, part, version, pin_hash, rows)
        path = folder / f"part={part}" / f"v{version:09d}-{batch_hash[3:19]}.parquet"
        try:
            write_parquet(path, data)
            file = describe(folder, path, data.num_rows)
            gone = [] if last is None or appending else [f for c in self.index.content(last) for f in c.files]
            log_file = write_commit(folder, spec, part, version, file, gone)
            self.index.acknowledge(Commit(pin, mode, log_file, (file,), batch_hash, schema_hash(spec.schema)))
        except BaseException:
            with suppress(OSError, CwsError):
                self._withdraw(folder, path, version)
            raise
        return pin

    def _last_pin(self, table: str, part: str) -> Pin | None:
        commits = self.index.of_part(table, part)
        return commits[-1].pin if commits else None

    def _check_schema(self, spec: TableSpec) -> None:
        known = self.index.of_table(spec.name)
        if known and known[-1].commit.schema_hash != schema_hash(spec.schema):
            raise CwsError(
                "CWS-LAKE-013",
                what="the declared columns are not those of the stored versions",
                where=f"table {spec.name}, version {len(known) - 1}",
                fix="declare the new shape under a new table name, so that old versions stay readable",
            )

    def _withdraw(self, folder: Path, data_path: Path, version: int) -> None:
        """After a failed commit its data file goes (the disk may be full) and its log file is put aside.

        Unless the ledger took the entry before it failed: then the commit stands.
        """
        self.index.refresh()
        if len(self.index.of_table(folder.name)) == version:
            data_path.unlink(missing_ok=True)
        put_aside(folder, self.index)
