"""THE reader: the only public way from the lake to a frame. Every byte is checked before an engine sees it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cws.lake.commits import Commit, Index, Pin
from cws.lake.files import verify
from cws.lake.log import verify_log
from modules.canonical import content_hash
from modules.errors import CwsError

AVAILABLE = "ts_avail"


class Reader:
    """Reads pins; fails closed. Remembers which pins' content it has hashed, so that this is done once per process."""

    def __init__(self, folder: Path, index: Index) -> None:
        self._folder = folder
        self._index = index
        self._content_seen: set[Pin] = set()

    def read(self, pin: Pin, columns: Sequence[str] | None, as_of_ns: int | None) -> pd.DataFrame:
        """Rows of the pin in their committed order, with only those known at `as_of_ns` (int64 UTC ns) when given."""
        verify_log(self._folder / pin.table, self._index, pin.version)
        self._check_pin(pin)
        self.verify_files(pin)
        table = pa.concat_tables(
            _parquet(self._folder / pin.table / file.path, columns, as_of_ns, commit.pin)
            for commit in self._index.content(pin)
            for file in commit.files
        )
        frame: pd.DataFrame = table.to_pandas()
        self._check_content(pin, frame, whole=columns is None)
        if as_of_ns is not None:
            frame = frame[frame[AVAILABLE] <= as_of_ns].reset_index(drop=True)
        return frame if columns is None else frame[list(columns)]

    def stream(self, pin: Pin) -> Iterator[pd.DataFrame]:
        """Rows of the pin, commit by commit, each with its content hash compared: for what is larger than memory."""
        verify_log(self._folder / pin.table, self._index, pin.version)
        self._check_pin(pin)
        self.verify_files(pin)
        for commit in self._index.content(pin):
            yield self._whole(commit)

    def verify_files(self, pin: Pin) -> None:
        """Compare the data files of a pin with the ledger (CWS-LAKE-009, -010)."""
        for commit in self._index.content(pin):
            for file in commit.files:
                verify(self._folder / pin.table, file, commit.pin.version)

    def verify_batch(self, commit: Commit) -> None:
        """Decode what one commit added and compare its content hash (CWS-LAKE-012, -018)."""
        self._whole(commit)

    def _whole(self, commit: Commit) -> pd.DataFrame:
        paths = [self._folder / commit.pin.table / file.path for file in commit.files]
        frame = pa.concat_tables(_parquet(path, None, None, commit.pin) for path in paths).to_pandas()
        if content_hash(frame) != commit.batch_hash:
            raise _content_error(commit.pin, len(frame))
        return frame

    def _check_pin(self, pin: Pin) -> None:
        if pin not in (commit.pin for commit in self._index.of_part(pin.table, pin.part)):
            raise CwsError(
                "CWS-LAKE-008",
                what="the ledger acknowledges no such pin",
                where=f"table {pin.table}, part {pin.part}, version {pin.version}, {pin.hash}",
                fix="take pins from `Lake.pin` or `Lake.commit` of this home",
            )

    def _check_content(self, pin: Pin, frame: pd.DataFrame, *, whole: bool) -> None:
        """The hash of the frame itself, where the pin is one commit: covers also what the engine made of the bytes."""
        one_commit = len(self._index.content(pin)) == 1
        hashable = whole and one_commit and pin not in self._content_seen
        if len(frame) != pin.rows or (hashable and content_hash(frame) != pin.hash):
            raise _content_error(pin, len(frame))
        if hashable:
            self._content_seen.add(pin)


def _content_error(pin: Pin, rows: int) -> CwsError:
    return CwsError(
        "CWS-LAKE-012",
        what=f"the files are intact, their content ({rows} rows) is not the acknowledged one ({pin.rows} rows)",
        where=f"table {pin.table}, part {pin.part}, version {pin.version}",
        fix="compare the versions of pyarrow and pandas with those of the writer",
    )


def _parquet(path: Path, columns: Sequence[str] | None, as_of_ns: int | None, pin: Pin) -> pa.Table:
    where = f"table {pin.table}, version {pin.version}, file {path.name}"
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            wanted = _wanted(file.schema_arrow.names, columns, as_of_ns, where)
            return file.read(columns=wanted)
    except (OSError, pa.ArrowException) as error:
        fix = "restore this file from a copy"
        raise CwsError("CWS-LAKE-018", what=f"the file cannot be decoded: {error}", where=where, fix=fix) from error


def _wanted(names: list[str], columns: Sequence[str] | None, as_of_ns: int | None, where: str) -> list[str]:
    """The columns to decode: the asked ones, and the availability time when rows are chosen by it."""
    wanted = list(names if columns is None else columns)
    needed = wanted if as_of_ns is None else list(dict.fromkeys([*wanted, AVAILABLE]))
    unknown = [name for name in needed if name not in names]
    if unknown:
        raise CwsError(
            "CWS-LAKE-014",
            what=f"no column {unknown}" + (": the table cannot be read as of a time" if AVAILABLE in unknown else ""),
            where=where,
            fix=f"choose from {names}",
        )
    return needed
