"""Delimited text to records, columns and exact floats: what the readers of text files share.

A fault of the file (its header, its columns, its size) is a coded error; a fault of a record refuses that record.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.errors import CwsError
from modules.refusal import refused_rows

MAX_STAMP_CHARACTERS = 256
F64, Mask = NDArray[np.float64], NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """Data rows as received. `row` is the 1-based number of the record (blank lines do not count).

    `ragged` holds the records with too few or too many cells.
    """

    header: list[str]
    row: list[int] = field(default_factory=list[int])
    cells: list[list[str]] = field(default_factory=list[list[str]])
    ragged: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    def column(self, at: int) -> list[str]:
        return [cells[at] for cells in self.cells]


def _lines(text: str, delimiter: str) -> Iterable[list[str]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from filter(None, lines)
    except csv.Error as broken:
        raise CwsError(
            "CWS-INGEST-009",
            what=f"not delimited text: {broken}",
            where=f"line {lines.line_num}",
            fix="check quotes and delimiter",
        ) from None


def read_records(text: str, delimiter: str, max_rows: int) -> Records:
    """Split text (LF, CRLF or CR) into header and records.

    Raises CWS-INGEST-001 (empty), -002 (header only), -006 (more than `max_rows` records), -009 (malformed quotes).
    """
    lines = iter(_lines(text, delimiter))
    header = next(lines, None)
    if header is None:
        raise CwsError("CWS-INGEST-001", what="the file is empty", where="raw", fix="fetch it again")
    found = Records([name.strip() for name in header])
    for number, cells in enumerate(lines, start=1):
        if number > max_rows:
            raise CwsError(
                "CWS-INGEST-006",
                what=f"more than max_rows = {max_rows} records",
                where="raw",
                fix="raise max_rows or split the file",
            )
        if len(cells) == len(found.header):
            found.row.append(number)
            found.cells.append(cells)
        else:
            found.ragged[number] = cells
    if not (found.row or found.ragged):
        raise CwsError("CWS-INGEST-002", what="the file has a header and no record", where="raw", fix="fetch it again")
    return found


def locate(header: Sequence[str], wanted: Mapping[str, str], ignored: Iterable[str] = ()) -> dict[str, int]:
    """Field -> position of its declared column; an empty column name means that the source has no such field.

    Raises CWS-INGEST-003 (missing), -004 (unexpected), -008 (named twice, in the header or in the settings).
    """
    declared = {name: column for name, column in wanted.items() if column}
    known = [*declared.values(), *ignored]
    for names, where in ((list(header), "header"), (known, "settings")):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise CwsError(
                "CWS-INGEST-008", what=f"column {twice[0]!r} is named twice", where=where, fix="name every column once"
            )
    missing = [column for column in known if column not in header]
    if missing:
        raise CwsError(
            "CWS-INGEST-003",
            what=f"column {missing[0]!r} is missing",
            where=f"header {list(header)[:20]}",
            fix="correct the column map",
        )
    extra = [name for name in header if name not in known]
    if extra:
        raise CwsError(
            "CWS-INGEST-004",
            what=f"unexpected column {extra[0]!r}",
            where=f"header, column {list(header).index(extra[0]) + 1}",
            fix="map it or list it as ignored",
        )
    return {name: list(header).index(column) for name, column in declared.items()}


def _real(text: str) -> float | None:
    """Correctly rounded by `float`, whose leniency about `1_000` and other scripts' digits is not a price's."""
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return float("nan") if not text.strip() else None


def reals(cells: Sequence[str], name: str) -> tuple[F64, Mask]:
    """(values, mask of cells that are no number). Empty is NaN; `nan` and `inf` are numbers, for clean to judge.

    Raises CWS-INGEST-005 when not one filled cell of the column is a number.
    """
    parsed = [_real(text) for text in cells]
    bad = np.array([value is None for value in parsed], dtype=np.bool_)
    if bad.any() and all(value is None or not text.strip() for value, text in zip(parsed, cells, strict=True)):
        raise CwsError(
            "CWS-INGEST-005",
            what=f"no cell of column {name!r} is a number (the first bad one: {cells[int(bad.argmax())][:40]!r})",
            where=name,
            fix="correct the column map",
        )
    return np.array([np.nan if value is None else value for value in parsed], dtype=np.float64), bad


def stamp_faults(stamps: Sequence[str]) -> dict[str, Mask]:
    """Reasons for which a stamp cannot even be handed on as text."""
    return {
        "empty_stamp": np.array([not stamp.strip() for stamp in stamps], dtype=np.bool_),
        "overlong_stamp": np.array([len(stamp) > MAX_STAMP_CHARACTERS for stamp in stamps], dtype=np.bool_),
    }


def refused_ragged(records: Records, source: str, symbols: Sequence[str]) -> pd.DataFrame:
    """REFUSED rows for records of the wrong width, one for each of `symbols` that the record would have carried."""
    found = [(number, symbol, cells) for number, cells in records.ragged.items() for symbol in symbols]
    frame = pd.DataFrame(
        {
            "source": pd.Series([source] * len(found), dtype="str"),
            "row": pd.Series([number for number, _, _ in found], dtype="int64"),
            "symbol": pd.Series([symbol for _, symbol, _ in found], dtype="str"),
            "cells": pd.Series([json.dumps(cells) for _, _, cells in found], dtype="str"),
        }
    )
    return refused_rows(frame, ["wrong_number_of_cells"] * len(frame))
