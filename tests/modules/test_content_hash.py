"""The hash of a table is the hash of its canonical Arrow IPC bytes, whatever way they take to it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from blake3 import blake3

from modules.canonical import content_hash, to_arrow


def buffered(frame: pd.DataFrame) -> str:
    """The definition, word for word: all bytes in memory, then their hash."""
    sink, table = pa.BufferOutputStream(), to_arrow(frame)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return "b3:" + blake3(sink.getvalue()).hexdigest()


def frame(rows: int) -> pd.DataFrame:
    words = [None if row % 3 == 0 else "é" * (row % 9) for row in range(rows)]
    numbers = {
        "n": np.arange(rows),
        "x": np.where(np.arange(rows) % 4 == 0, np.nan, 0.1),
        "odd": np.arange(rows) % 2 == 1,
    }
    return pd.DataFrame({**numbers, "word": pd.Series(words, dtype="str")})


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 9, 64, 1_000, 100_001])
def test_streamed_and_buffered_hashes_agree(rows: int) -> None:
    made = frame(rows)
    assert content_hash(made) == buffered(made)
    assert content_hash(made.iloc[rows // 3 :]) == buffered(made.iloc[rows // 3 :].copy())


def test_the_hash_of_a_known_table_stays() -> None:
    """These digests stand in ledgers: a new pyarrow that writes other bytes must show here first."""
    assert content_hash(frame(9)) == "b3:e84d2076031a704b589d28fa7c084568c9d357d0864fdbf10e9261dd89f7207b"
