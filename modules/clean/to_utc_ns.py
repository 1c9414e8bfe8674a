"""Stamps as received to UTC nanoseconds: session dates, stamps with an offset, or local wall time by declared rules.

Why one kind a file: a naive stamp among zoned ones is hours wrong without a sign of it, so the whole file is refused.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.clean.stamps import BAD, I64, NAIVE, Mask, Stamps, from_wall, parse_stamps, refuse_foreign, time_zone
from modules.clean.venue_sessions import SECOND_NS, one_calendar, sessions_example
from modules.contract import Check, ModuleSettings, module
from modules.refusal import split
from modules.tables import BARS, RAW_BARS, REFUSED, SESSIONS

PRICES = ["open", "high", "low", "close", "adj_close", "volume"]
TWO_DAYS_NS = 2 * 86_400 * SECOND_NS


class Settings(ModuleSettings):
    stamp_kind: Literal["date", "offset", "local"] = Field(
        description="session dates, instants with offset, or wall time"
    )
    zone: str = Field(min_length=1, max_length=64, description="IANA zone of wall times and of the close of odd dates")
    daily_close_local: str = Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        max_length=5,
        description="wall time given to a date without a session",
    )
    ambiguous: Literal["earliest", "latest", "refuse"] = Field(description="a wall time that occurs twice")
    missing: Literal["shift_forward", "refuse"] = Field(description="a wall time that the clock jumped over")
    stamp_marks: Literal["start", "end"] = Field(description="whether a time stamp marks its bar's start or end")
    bar_seconds: int = Field(ge=1, le=86_400, description="length of a bar; 86400 is a daily bar")


def example(rng: np.random.Generator) -> dict[str, object]:
    stamps = [f"2020-02-{day:02d}" for day in range(1, 30)] + ["2020-02-30", "yesterday", "2020-03-01 00:00:00"]
    close = rng.uniform(50.0, 60.0, len(stamps))
    raw = {
        "source": pd.Series(["example"] * len(stamps), dtype="str"),
        "row": np.arange(1, len(stamps) + 1, dtype=np.int64),
        "symbol": pd.Series(["0005.XHKG"] * len(stamps), dtype="str"),
        "stamp": pd.Series(stamps, dtype="str"),
        **{price: close + at for at, price in enumerate(PRICES)},
    }
    return {"raw_bars": pd.DataFrame(raw), "sessions": sessions_example()}


def _dates(stamps: Stamps, sessions: pd.DataFrame, settings: Settings) -> tuple[I64, dict[str, Mask]]:
    """The close of the date's session; without one the declared wall time, which no session knows."""
    hour, minute = settings.daily_close_local.split(":")
    midnight = stamps.wall_ns // (86_400 * SECOND_NS) * (86_400 * SECOND_NS)
    wall = midnight + (int(hour) * 60 + int(minute)) * 60 * SECOND_NS
    odd, _, _ = from_wall(wall, time_zone(settings.zone), first=True)
    closes = pd.Series(one_calendar(sessions)["close_ns"].to_numpy(), index=sessions["date"].to_numpy())
    known = stamps.date.isin(closes.index).to_numpy()
    instants = odd.copy()
    instants[known] = closes.loc[stamps.date[known].to_numpy()].to_numpy()
    return instants, {"unparsable_stamp": (stamps.kind == BAD) | (stamps.wall_ns != midnight)}


def _walls(stamps: Stamps, settings: Settings) -> tuple[I64, dict[str, Mask]]:
    instants, ambiguous, missing = from_wall(
        stamps.wall_ns, time_zone(settings.zone), first=settings.ambiguous != "latest"
    )
    rules = {"unparsable_stamp": stamps.kind != NAIVE}
    rules |= {"ambiguous_hour": ambiguous} if settings.ambiguous == "refuse" else {}
    return instants, rules | ({"missing_hour": missing} if settings.missing == "refuse" else {})


@module(takes=(RAW_BARS, SESSIONS), gives=(BARS, REFUSED), settings=Settings, example=example)
def to_utc_ns(raw_bars: pd.DataFrame, sessions: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bars in the order of the file. Raises CWS-CLEAN-001 (calendars), -002 (zone), -003 (mixed time zones)."""
    codes, texts = pd.factorize(raw_bars["stamp"])
    stamps = parse_stamps(texts)
    refuse_foreign(raw_bars, stamps.kind[codes], settings.stamp_kind)
    if settings.stamp_kind == "date":
        instants, rules = _dates(stamps, sessions, settings)
    elif settings.stamp_kind == "local":
        instants, rules = _walls(stamps, settings)
    else:
        instants, rules = stamps.wall_ns - stamps.offset_ns, {"unparsable_stamp": stamps.kind == BAD}
    rules["before_1970"] = instants < 0
    length = (
        settings.bar_seconds * SECOND_NS if settings.stamp_marks == "start" and settings.stamp_kind != "date" else 0
    )
    kept, refused = split(raw_bars.assign(ts_event=instants[codes]), {why: mask[codes] for why, mask in rules.items()})
    bars = kept.assign(ts_avail=kept["ts_event"] + length, age_bars=np.zeros(len(kept), dtype=np.int64))
    return bars[["ts_event", "ts_avail", "symbol", *PRICES, "age_bars", "source", "row"]], refused


@to_utc_ns.accept
def every_row_is_kept_or_refused(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """Each (source, row, symbol) of the raw bars stands once in bars or in refused, kept ones in their order."""
    key = ["source", "row", "symbol"]
    both = pd.concat([after.bars[key], after.refused[key]]).value_counts()
    same = both.equals(before.raw_bars[key].value_counts()[both.index]) if len(both) == len(before.raw_bars) else False
    return Check(bool(same), float(len(both)), f"= {len(before.raw_bars)} rows")


@to_utc_ns.accept
def instants_lie_near_their_dates(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """No instant is two days or more from midnight UTC of the date that its stamp names, nor known before it is."""
    key = ["source", "row", "symbol"]
    named = after.bars.merge(before.raw_bars[[*key, "stamp"]], on=key, how="left")
    midnight = pd.to_datetime(named["stamp"].str.strip().str[:10], errors="coerce").astype("datetime64[ns]")
    away = (named["ts_event"] - midnight.astype("int64")).abs()
    wrong = midnight.isna() | (away >= TWO_DAYS_NS) | (named["ts_avail"] < named["ts_event"])
    return Check(not wrong.any(), float(away.max()) if len(away) else 0.0, f"< {TWO_DAYS_NS} ns", named[wrong].head(5))


@to_utc_ns.accept
def values_are_untouched(before: SimpleNamespace, after: SimpleNamespace) -> bool:
    """A clock changes no price: the kept bars have the raw bars' numbers, bit for bit."""
    key = ["source", "row", "symbol"]
    raw = after.bars[key].merge(before.raw_bars, on=key, how="left")
    return bool(np.array_equal(raw[PRICES].to_numpy(), after.bars[PRICES].to_numpy(), equal_nan=True))
