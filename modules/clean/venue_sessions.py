"""One venue's trading time as intervals: what the clean modules that take SESSIONS share.

Half-open UTC nanoseconds [start, end); a lunch break makes two intervals of a session.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.errors import CwsError
from modules.examples import DAY_NS, START_NS

I64 = NDArray[np.int64]
HOUR_NS = 3_600_000_000_000
SECOND_NS = 1_000_000_000
DAILY_SECONDS = 86_400  # a bar of this length is one bar a session, stamped at the session's close


def one_calendar(sessions: pd.DataFrame) -> pd.DataFrame:
    """The table itself, which must be of one calendar: a date or an instant then has one answer.

    Raises CWS-CLEAN-001.
    """
    mics = sorted(sessions["mic"].unique())
    if len(mics) > 1:
        raise CwsError(
            "CWS-CLEAN-001",
            what=f"sessions of {len(mics)} calendars: {mics[:5]}",
            where="sessions",
            fix="clean one venue at a time",
        )
    return sessions


def trading_intervals(sessions: pd.DataFrame) -> tuple[I64, I64]:
    """(starts, ends) in time order."""
    opens, closes = sessions["open_ns"].to_numpy(), sessions["close_ns"].to_numpy()
    breaks, resumes = sessions["break_start_ns"].to_numpy(), sessions["break_end_ns"].to_numpy()
    pauses = breaks >= 0
    starts = np.sort(np.concatenate([opens, resumes[pauses]]))
    ends = np.sort(np.concatenate([closes, breaks[pauses]]))
    return starts, ends


def bar_starts(sessions: pd.DataFrame, bar_ns: int) -> I64:
    """Starts of all bars of `bar_ns` in trading time, the grid beginning anew at every open and after every break."""
    starts, ends = trading_intervals(sessions)
    parts = [np.arange(start, end, bar_ns, dtype=np.int64) for start, end in zip(starts, ends, strict=True)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def sessions_example(days: int = 320) -> pd.DataFrame:
    """SESSIONS that close at the stamps of `bars_example`: breaks, a half day a month, none on every 7th day."""
    close = START_NS + DAY_NS * np.arange(days, dtype=np.int64)
    half = np.arange(days) % 30 == 10
    opens = close - np.where(half, 3, 7) * HOUR_NS
    table = pd.DataFrame(
        {
            "mic": pd.Series(["XHKG"] * days, dtype="str"),
            "date": pd.Series(pd.to_datetime(close).strftime("%Y-%m-%d"), dtype="str"),
            "open_ns": opens,
            "close_ns": close,
            "break_start_ns": np.where(half, -1, opens + 2 * HOUR_NS),
            "break_end_ns": np.where(half, -1, opens + 3 * HOUR_NS),
            "half_day": half,
        }
    )
    return table[np.arange(days) % 7 != 6].reset_index(drop=True)
