"""Sessions of an exchange from exchange_calendars: opens, closes, lunch breaks and half days as UTC nanoseconds.

Why a table: what trades when is data with a hash like any other, so a changed calendar shows in every result.
"""

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.errors import CwsError
from modules.tables import SESSIONS

NO_BREAK = -1


class Settings(ModuleSettings):
    mic: Literal["XNYS", "XHKG", "XTKS", "24/7"] = Field(description="the calendar; 24/7 never closes")
    first_year: int = Field(ge=1970, le=2049, description="first year of the table")
    last_year: int = Field(ge=1970, le=2049, description="last year of the table, inclusive")


def example(rng: np.random.Generator) -> dict[str, object]:
    return {}


def _ns(stamps: pd.Series) -> pd.Series:
    """UTC nanoseconds; a missing stamp is NO_BREAK."""
    missing = stamps.isna()
    return stamps.dt.tz_convert(None).astype("datetime64[ns]").astype("int64").mask(missing, NO_BREAK).astype("int64")


@module(takes=(), gives=SESSIONS, settings=Settings, example=example)
def exchange_sessions(settings: Settings) -> pd.DataFrame:
    """Raises CWS-INGEST-011 when the calendar does not know the years."""
    import exchange_calendars  # half a second, so not at import

    try:
        calendar = exchange_calendars.get_calendar(
            settings.mic, start=f"{settings.first_year}-01-01", end=f"{settings.last_year}-12-31"
        )
    except ValueError as unknown:
        raise CwsError(
            "CWS-INGEST-011",
            what=f"no {settings.mic} sessions: {unknown}",
            where=f"{settings.first_year}-{settings.last_year}",
            fix="choose years that the calendar knows",
        ) from None
    schedule = calendar.schedule
    days = pd.DatetimeIndex(schedule.index)
    table = schedule.reset_index(drop=True)
    return pd.DataFrame(
        {
            "mic": pd.Series([settings.mic] * len(days), dtype="str"),
            "date": pd.Series(days.strftime("%Y-%m-%d"), dtype="str"),
            "open_ns": _ns(table["open"]),
            "close_ns": _ns(table["close"]),
            "break_start_ns": _ns(table["break_start"]),
            "break_end_ns": _ns(table["break_end"]),
            "half_day": pd.Series(days.isin(calendar.early_closes), dtype="bool"),
        }
    )


@exchange_sessions.accept
def sessions_follow_each_other(before: object, after: pd.DataFrame) -> Check:
    """Every session opens before it closes, and not before the last one closed."""
    opens, closes = after["open_ns"].to_numpy(), after["close_ns"].to_numpy()
    wrong = (opens >= closes) | (opens < np.concatenate([opens[:1], closes[:-1]]))
    return Check(bool(len(after)) and not wrong.any(), float(wrong.sum()), "0 sessions", after[wrong].head(5))


@exchange_sessions.accept
def breaks_lie_inside(before: object, after: pd.DataFrame) -> Check:
    """A break is either absent on both sides or lies strictly inside its session."""
    start, end = after["break_start_ns"], after["break_end_ns"]
    absent = (start == NO_BREAK) & (end == NO_BREAK)
    wrong = ~absent & ~((after["open_ns"] < start) & (start < end) & (end < after["close_ns"]))
    return no_row(after, wrong, "sessions")


@exchange_sessions.accept
def half_days_are_short(before: object, after: pd.DataFrame) -> Check:
    """A half day is shorter than the longest session of its year."""
    length = after["close_ns"] - after["open_ns"]
    wrong = after["half_day"] & (length >= length.groupby(after["date"].str[:4]).transform("max"))
    return no_row(after, wrong, "sessions")


@exchange_sessions.accept
def dates_lie_in_the_years(before: object, after: pd.DataFrame, settings: Settings) -> bool:
    """Dates rise strictly, inside the years asked for, and the rows are of one calendar."""
    years = after["date"].str[:4]
    inside = (years >= str(settings.first_year)) & (years <= str(settings.last_year))
    return bool(
        inside.all()
        and after["date"].is_monotonic_increasing
        and after["date"].is_unique
        and (after["mic"] == settings.mic).all()
    )
