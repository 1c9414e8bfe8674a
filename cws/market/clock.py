"""When a made-up market trades: the stamps of its bars, from the real calendar modules."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cws.market.spec import World
from kernels.ordered import F64
from modules.clean.venue_sessions import SECOND_NS, bar_starts
from modules.errors import CwsError
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.values import Table

DAILY_SECONDS, LAST_YEAR = 86_400, 2049
SESSIONS_A_YEAR = {"XNYS": 252, "24/7": 365}
# The fewest sessions that a year of the calendar ever had.
FEWEST = {"XNYS": 248, "24/7": 365}
SESSION_SECONDS = {"XNYS": 23_400, "24/7": 86_400}


@dataclass(frozen=True)
class Clock:
    """Stamps of T bars: (T,) ns, each bar's place in its session (0 to 1), and whether it opens the session."""

    sessions: pd.DataFrame
    ts_event: NDArray[np.int64]
    ts_avail: NDArray[np.int64]
    place: F64
    opens: NDArray[np.bool_]


def bars_a_session(world: World) -> int:
    """Of a full session."""
    return max(1, SESSION_SECONDS[world.calendar] // world.bar_seconds)


def bars_a_year(world: World) -> float:
    return float(SESSIONS_A_YEAR[world.calendar] * bars_a_session(world))


@lru_cache(maxsize=16)
def _sessions(mic: str, first_year: int, last_year: int) -> pd.DataFrame:
    bound = bind(load("exchange_sessions"), {"mic": mic, "first_year": first_year, "last_year": last_year})
    outcome = run(bound, {})
    if outcome.failure is not None:
        raise outcome.failure
    table = outcome.outputs["sessions"]
    assert isinstance(table, Table)
    return table.frame


def last_year(world: World, bars: int) -> int:
    """The last year of the calendar that `bars` need. Raises CWS-MARKET-002 when it ends before."""
    sessions = -(-bars // bars_a_session(world)) + (5 if world.bar_seconds < DAILY_SECONDS else 0)
    year = world.first_year + -(-sessions // FEWEST[world.calendar])
    if year > LAST_YEAR:
        raise CwsError(
            "CWS-MARKET-002",
            what=f"{world.bars} bars from {world.first_year} on end after {LAST_YEAR}",
            where=f"world {world.name}",
            fix="fewer bars, or an earlier first_year",
        )
    return year


def clock_of(world: World, bars: int) -> Clock:
    """The first `bars` stamps of the world. Daily bars are stamped at the close, others at their start."""
    sessions = _sessions(world.calendar, world.first_year, last_year(world, bars))
    if world.bar_seconds == DAILY_SECONDS:
        stamps = sessions["close_ns"].to_numpy()[:bars]
        return Clock(sessions, stamps, stamps, np.full(bars, 0.5), np.ones(bars, dtype=np.bool_))
    length = world.bar_seconds * SECOND_NS
    starts = bar_starts(sessions, length)[:bars]
    session = np.searchsorted(sessions["open_ns"].to_numpy(), starts, side="right") - 1
    opened = sessions["open_ns"].to_numpy()[session]
    middle = (starts - opened + length // 2) / (sessions["close_ns"].to_numpy()[session] - opened)
    return Clock(sessions, starts, starts + length, middle, starts == opened)
