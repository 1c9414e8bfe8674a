"""Bit-exact means bytes: the canonical Arrow IPC stream of a table and its BLAKE3.

Canonical: the frame's own column order and row order (declared and verified elsewhere, never re-sorted here), one
chunk, no metadata, strings as `string`, NaN with one bit pattern. Two frames are equal exactly when these bytes are.
"""

import io
import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from blake3 import blake3

from modules.errors import CwsError

_ARROW = {"int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}


def _column(name: str, series: pd.Series) -> tuple[pa.Field, pa.Array]:
    if isinstance(series.dtype, pd.StringDtype):
        array = pa.array(series.array, type=pa.string(), from_pandas=True)
        return pa.field(name, pa.string()), array
    arrow_type = _ARROW.get(str(series.dtype))
    if arrow_type is None:
        raise CwsError(
            "CWS-CANON-001",
            what=f"column {name!r} has dtype {series.dtype}, which has no canonical bytes",
            where=name,
            fix="use int64, float64, bool or str",
        )
    values = series.to_numpy()
    if series.dtype.kind == "f":
        # A NaN made by 0/0 and one read from a file differ in sign and payload; a result must not.
        hole = np.isnan(values)
        values = np.where(hole, np.nan, values) if hole.any() else values
    return pa.field(name, arrow_type), pa.array(values, type=arrow_type, from_pandas=False)


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """The frame as one-chunk Arrow table without metadata (the index is not part of a table)."""
    fields, arrays = [], []
    for name in frame.columns:
        field, array = _column(str(name), frame[name])
        fields.append(field)
        arrays.append(array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


class _Hasher(io.RawIOBase):
    """A file that keeps only the hash of what is written: a second copy of a table would cost more than BLAKE3."""

    def __init__(self) -> None:
        self.state = blake3()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.state.update(data)
        return len(data)


def content_hash(frame: pd.DataFrame) -> str:
    """`b3:` + BLAKE3 of the canonical bytes."""
    sink, table = _Hasher(), to_arrow(frame)
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema) as writer:
        writer.write_table(table)
    return "b3:" + sink.state.hexdigest()


def json_text(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, shortest float repr, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def json_hash(value: object) -> str:
    """`b3:` + BLAKE3 of canonical JSON."""
    return "b3:" + blake3(json_text(value).encode()).hexdigest()


def combined_hash(parts: Mapping[str, str]) -> str:
    """One hash over named hashes, independent of the order in which they were collected."""
    return json_hash(dict(parts))
