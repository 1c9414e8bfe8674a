"""Refuse bars outside the venue's sessions (nights, holidays, lunch breaks, half-day afternoons) and off its bar grid.

Why by the bar's start, taken as ts_avail minus its length: it is the same whichever end the vendor's stamps mark.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from modules.clean.venue_sessions import (
    DAILY_SECONDS,
    I64,
    SECOND_NS,
    one_calendar,
    sessions_example,
    trading_intervals,
)
from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import DAY_NS, START_NS, bars_example
from modules.refusal import split
from modules.tables import BARS, REFUSED, SESSIONS


class Settings(ModuleSettings):
    bar_seconds: int = Field(
        ge=1, le=DAILY_SECONDS, description="length of a bar; 86400 is one bar a session, at its close"
    )


def example(rng: np.random.Generator) -> dict[str, object]:
    bars = bars_example(rng, 60)
    late = bars.iloc[[5, 6]].assign(
        ts_event=bars["ts_event"].iloc[[5, 6]] - 60 * SECOND_NS, ts_avail=bars["ts_avail"].iloc[[5, 6]] - 60 * SECOND_NS
    )
    before = bars.iloc[[0]].assign(ts_event=START_NS - 9 * DAY_NS, ts_avail=START_NS - 9 * DAY_NS)
    frame = pd.concat([bars, late, before], ignore_index=True)
    frame["row"] = np.arange(1, len(frame) + 1, dtype=np.int64)
    return {"bars": frame.sort_values(["symbol", "ts_event"], ignore_index=True), "sessions": sessions_example()}


def _interval_of(instants: I64, starts: I64) -> I64:
    """Index of the last interval that starts at or before each instant; -1 before the first."""
    return np.searchsorted(starts, instants, side="right") - 1


@module(takes=(BARS, SESSIONS), gives=(BARS, REFUSED), settings=Settings, example=example)
def session_filter(bars: pd.DataFrame, sessions: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raises CWS-CLEAN-001 when the sessions are of several calendars."""
    starts, ends = trading_intervals(one_calendar(sessions))
    if not len(starts):
        return split(bars, {"beyond_calendar": np.ones(len(bars), dtype=np.bool_)})
    length = settings.bar_seconds * SECOND_NS
    end = bars["ts_avail"].to_numpy()
    daily = settings.bar_seconds == DAILY_SECONDS
    # A daily bar counts by its last instant, any other by its first.
    instant = bars["ts_event"].to_numpy() - 1 if daily else end - length
    at = _interval_of(instant, starts)
    outside = (at < 0) | (instant >= ends[at])
    partial = np.isin(end, ends)
    on_grid = np.isin(instant + 1, sessions["close_ns"]) if daily else ((instant - starts[at]) % length == 0) | partial
    beyond = (instant < starts[0]) | (instant >= ends[-1])
    return split(bars, {"beyond_calendar": beyond, "outside_session": outside, "off_grid": ~on_grid})


@session_filter.accept
def every_row_is_kept_or_refused(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """Each (source, row, symbol) stands as often in bars and refused together as it came in."""
    key = ["source", "row", "symbol"]
    both = pd.concat([after.bars[key], after.refused[key]]).value_counts().sort_index()
    return Check(
        both.equals(before.bars[key].value_counts().sort_index()), float(both.sum()), f"= {len(before.bars)} rows"
    )


@session_filter.accept
def kept_bars_end_in_a_session(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """Every kept bar becomes known after a session's open and, less its length, before that session's close."""
    opens, closes = before.sessions["open_ns"].to_numpy(), before.sessions["close_ns"].to_numpy()
    known = after.bars["ts_avail"].to_numpy()
    session = np.searchsorted(opens, known, side="left") - 1
    reach = np.where(after.bars["ts_avail"] > after.bars["ts_event"], known - after.bars["ts_event"], 0)
    wrong = (session < 0) | (known - reach > closes[session]) if len(closes) else np.ones(len(known), dtype=np.bool_)
    return no_row(after.bars, wrong)


@session_filter.accept
def kept_bars_are_as_they_came(before: SimpleNamespace, after: SimpleNamespace) -> bool:
    """Filtering changes no value and no order: the kept bars are the input less the refused rows."""
    gone = pd.MultiIndex.from_frame(after.refused[["source", "row", "symbol"]])
    stay = ~pd.MultiIndex.from_frame(before.bars[["source", "row", "symbol"]]).isin(gone)
    return after.bars.equals(before.bars[stay].reset_index(drop=True))
