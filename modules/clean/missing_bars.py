"""Where bars are missing: the stamps that a panel or its venue has, less those of each symbol, while it is valid."""

from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from modules.clean.venue_sessions import DAILY_SECONDS, I64, SECOND_NS, bar_starts, one_calendar

Grid: TypeAlias = Literal["panel", "sessions"]


def expected_stamps(bars: pd.DataFrame, sessions: pd.DataFrame, grid: Grid, bar_seconds: int) -> I64:
    """Stamps at which a bar is expected, ascending: inside the panel's span. Raises CWS-CLEAN-001."""
    stamps = np.unique(bars["ts_event"].to_numpy())
    if grid == "panel" or not len(stamps):
        return stamps
    if bar_seconds == DAILY_SECONDS:
        venue = one_calendar(sessions)["close_ns"].to_numpy()
    else:
        length = bar_seconds * SECOND_NS
        marks_start = bars["ts_avail"].iloc[0] > bars["ts_event"].iloc[0]
        venue = bar_starts(one_calendar(sessions), length) + (0 if marks_start else length)
    inside = venue[(venue >= stamps[0]) & (venue <= stamps[-1])]
    return np.union1d(stamps, inside)


def _ends(rows: pd.DataFrame, instruments: pd.DataFrame) -> I64:
    """The `valid_to_ns` of the instrument that holds each row; 0 where none does."""
    keys = rows[["symbol", "ts_event"]].reset_index(drop=True).rename_axis("place").reset_index()
    found = keys.merge(instruments[["symbol", "valid_from_ns", "valid_to_ns"]], on="symbol")
    held = found[(found["valid_from_ns"] <= found["ts_event"]) & (found["ts_event"] < found["valid_to_ns"])]
    return held.groupby("place")["valid_to_ns"].max().reindex(range(len(rows)), fill_value=0).to_numpy()


def holes(bars: pd.DataFrame, instruments: pd.DataFrame, expected: I64, max_age_bars: int) -> tuple[I64, I64, I64]:
    """(row carried, place in `expected`, age) of each bar to add, whether or not the symbol has a later one."""
    place = np.searchsorted(expected, bars["ts_event"].to_numpy())
    follows = pd.Series(place).groupby(bars["symbol"], sort=False).shift(-1, fill_value=len(expected)).to_numpy()
    missing = np.minimum(follows - place - 1, max_age_bars)
    gaps = np.flatnonzero(missing > 0)
    within = np.searchsorted(expected, _ends(bars.iloc[gaps], instruments)) - place[gaps] - 1
    missing[gaps] = np.minimum(missing[gaps], within)
    missing = np.maximum(missing, 0)
    carried = np.repeat(np.arange(len(bars)), missing)
    age = np.arange(len(carried)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    return carried, place[carried] + age, age
