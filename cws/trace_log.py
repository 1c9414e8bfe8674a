"""The lake's traces: one commit a run, also when it fails, and how to read them newest first.

A part is a month, so that the newest traces are read without the oldest, and a commit costs the same in every month.
A run that is killed by the kernel loses the traces that it had not committed, and nothing else.
"""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pandas as pd

from cws.house import House
from cws.lake.tables import TABLES
from cws.traces import trace_rows
from modules.errors import CwsError

TABLE = "module_traces"
TEXT_OR_COUNT = {"string": "str", "int64": "int64"}


def keep_traces(house: House) -> int:
    """Commit what the house has gathered; returns how many traces. Raises what `Lake.append` raises.

    It needs no turn on the home, for the table has a lock of its own: a run that was refused its turn is traced too.
    """
    gathered = house.traces.drain()
    if gathered:
        house.lake.append(TABLE, month(gathered[-1].ts_ns), trace_rows(gathered))
    return len(gathered)


@contextmanager
def tracing(house: House) -> Generator[None]:
    """Commit the traces of the block once, at its end, however it ends.

    After a failure the traces are kept where they can be: what failed first is what is told.
    """
    try:
        yield
    except BaseException:
        with suppress(CwsError):
            keep_traces(house)
        raise
    keep_traces(house)


def month(ts_ns: int) -> str:
    """The part of a moment (UTC ns): 2026-11."""
    return datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC).strftime("%Y-%m")


def read_traces(house: House, months: int | None = None) -> pd.DataFrame:
    """The traces of the last `months` that have any (all when None), oldest first; verified. Empty without any."""
    house.lake.index.refresh()
    pins = [house.lake.pin(TABLE, part) for part in house.lake.index.parts(TABLE)]
    frames = [house.lake.read(pin) for pin in (pins if months is None else pins[-months:])]
    return pd.concat(frames, ignore_index=True) if frames else no_traces()


def no_traces() -> pd.DataFrame:
    schema = TABLES[TABLE].schema
    return pd.DataFrame({f.name: pd.Series([], dtype=TEXT_OR_COUNT[str(f.type)]) for f in schema})
