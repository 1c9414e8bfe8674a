"""A small table and a writer that is killed: shared by the tests of the lake and by the child process that they start.

As a script, `lakes.py FOLDER` forks a writer for each line on stdin; it prints every pin that was acknowledged.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from cws.lake.lake import Lake
from cws.lake.tables import TableSpec
from cws.ledger.ledger import Ledger

SCHEMA = pa.schema(
    [
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("ts_event", pa.int64(), nullable=False),
        pa.field("ts_avail", pa.int64(), nullable=False),
        pa.field("close", pa.float64(), nullable=False),
        pa.field("halted", pa.bool_(), nullable=False),
        pa.field("note", pa.string(), nullable=True),
    ]
)
UNTIMED = pa.schema([pa.field("name", pa.string(), nullable=False), pa.field("value", pa.float64(), nullable=False)])
SPECS = {
    "bars": TableSpec("bars", SCHEMA, ("symbol", "ts_event"), "bars for tests"),
    "stats": TableSpec("stats", UNTIMED, ("name",), "a table without availability time"),
}


def make_bars(rows: int, seed: int = 0) -> pd.DataFrame:
    """`rows` sorted bars with NaN closes and missing notes; the seed changes closes only."""
    place = np.arange(rows, dtype=np.int64)
    noise = np.random.default_rng(seed).normal(size=rows)
    return pd.DataFrame(
        {
            "symbol": pd.array([f"S{i * 3 // max(rows, 1)}.XTKS" for i in range(rows)], dtype="str"),
            "ts_event": place * 1_000,
            "ts_avail": place * 1_000 + 500,
            "close": np.where(place % 7 == 3, np.nan, 100.0 + noise),
            "halted": place % 5 == 0,
            "note": pd.array([None if i % 2 else f"n{i}" for i in range(rows)], dtype="str"),
        }
    )


def untimed(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars as rows of the table without availability time."""
    return bars[["symbol", "close"]].set_axis(["name", "value"], axis=1)


def open_lake(folder: Path) -> Lake:
    return Lake(folder / "lake", Ledger(folder / "ledger"), SPECS)


def write_without_end(folder: Path) -> None:
    lake = open_lake(folder)
    for turn in range(1_000_000):
        seed = int.from_bytes(os.urandom(4), "big")
        write = lake.append if turn % 3 == 2 else lake.commit
        pin = write("bars", f"p{turn % 2}", make_bars(50, seed))
        sys.stdout.write(json.dumps(asdict(pin)) + "\n")
        sys.stdout.flush()


def main(folder: Path) -> None:
    """Fork a writer a request: the imports are paid once, each kill meets a fresh process."""
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            write_without_end(folder)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
