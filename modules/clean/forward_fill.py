"""Add the bars that a symbol misses between its first and its last one: close carried, no volume, age counted.

Why bounded: a price older than `max_age_bars` is no price. Nothing is added before a listing or after a last bar, so a
delisted symbol stays gone.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.clean.venue_sessions import DAILY_SECONDS, I64, SECOND_NS, bar_starts, one_calendar, sessions_example
from modules.contract import Check, ModuleSettings, module
from modules.examples import bars_example
from modules.panel import by_symbol
from modules.tables import BARS, SESSIONS


class Settings(ModuleSettings):
    grid: Literal["panel", "sessions"] = Field(description="bars expected: the panel's own stamps, or also the venue's")
    bar_seconds: int = Field(ge=1, le=DAILY_SECONDS, description="length of a bar; 86400 is one bar a session")
    max_age_bars: int = Field(ge=0, le=1000, description="missing bars in a row that are filled at most")


def example(rng: np.random.Generator) -> dict[str, object]:
    bars = bars_example(rng, 80)
    gone = [10, 11, 12, 30, *range(100, 112), 200]
    return {"bars": bars.drop(index=gone).reset_index(drop=True), "sessions": sessions_example(80)}


def _expected(bars: pd.DataFrame, sessions: pd.DataFrame, settings: Settings) -> I64:
    """Stamps at which a bar is expected, ascending: inside the panel's span."""
    stamps = np.unique(bars["ts_event"].to_numpy())
    if settings.grid == "panel" or not len(stamps):
        return stamps
    if settings.bar_seconds == DAILY_SECONDS:
        venue = one_calendar(sessions)["close_ns"].to_numpy()
    else:
        length = settings.bar_seconds * SECOND_NS
        marks_start = bars["ts_avail"].iloc[0] > bars["ts_event"].iloc[0]
        venue = bar_starts(one_calendar(sessions), length) + (0 if marks_start else length)
    inside = venue[(venue >= stamps[0]) & (venue <= stamps[-1])]
    return np.union1d(stamps, inside)


def _holes(bars: pd.DataFrame, expected: I64, max_age_bars: int) -> tuple[I64, I64, I64]:
    """(row carried, place in `expected`, age) of each bar to add."""
    place = np.searchsorted(expected, bars["ts_event"].to_numpy())
    follows = pd.Series(place).groupby(bars["symbol"], sort=False).shift(-1)
    missing = (follows - place - 1).fillna(0).clip(0, max_age_bars).to_numpy().astype(np.int64)
    carried = np.repeat(np.arange(len(bars)), missing)
    age = np.arange(len(carried)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    return carried, place[carried] + age, age


@module(takes=(BARS, SESSIONS), gives=BARS, settings=Settings, example=example)
def forward_fill(bars: pd.DataFrame, sessions: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Takes bars sorted by (symbol, ts_event). Raises CWS-CLEAN-001 when the sessions are of several calendars."""
    expected = _expected(bars, sessions, settings)
    carried, place, age = _holes(bars, expected, settings.max_age_bars)
    old = bars.iloc[carried]
    close = old["close"]
    prices = {name: close.where(old[name].notna()) for name in ("open", "high", "low")}
    filled = old.assign(
        ts_event=expected[place],
        ts_avail=expected[place] + (old["ts_avail"] - old["ts_event"]).to_numpy(),
        **prices,
        volume=old["volume"] * 0.0,
        age_bars=old["age_bars"] + age,
    )
    return pd.concat([bars, filled]).sort_values(["symbol", "ts_event"], kind="stable", ignore_index=True)


@forward_fill.accept
def observed_bars_are_untouched(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """The bars that came, and they alone, have the age that they came with; all of them are there, unchanged."""
    key = ["symbol", "ts_event"]
    came = pd.MultiIndex.from_frame(after[key]).isin(pd.MultiIndex.from_frame(before.bars[key]))
    same = after[came].reset_index(drop=True).equals(before.bars) and bool((after["age_bars"][~came] > 0).all())
    return Check(same, float(len(after) - len(before.bars)), "bars added, none changed")


@forward_fill.accept
def ages_are_bounded_and_count_up(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """A filled bar is one bar older than the bar before it of its symbol, and repeats its close and its row."""
    past = by_symbol(after)[["age_bars", "close", "row"]].shift()
    filled = ~pd.MultiIndex.from_frame(after[["symbol", "ts_event"]]).isin(
        pd.MultiIndex.from_frame(before.bars[["symbol", "ts_event"]])
    )
    older = after["age_bars"] != past["age_bars"] + 1
    close = (after["close"] == past["close"]) | (after["close"].isna() & past["close"].isna())
    same = close & (after["row"] == past["row"])
    limit = settings.max_age_bars + int(before.bars["age_bars"].max() if len(before.bars) else 0)
    wrong = filled & (older | ~same | (after["age_bars"] > limit))
    return Check(not wrong.any(), float(after["age_bars"].max()), f"<= {limit}", after[wrong].head(5))


@forward_fill.accept
def no_life_before_listing_or_after_the_last_bar(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """Each symbol's first and last stamps are as they were, and stamps rise strictly."""
    spans = [frame.groupby("symbol")["ts_event"].agg(["first", "last"]) for frame in (before.bars, after)]
    rising = (by_symbol(after)["ts_event"].diff().dropna() > 0).all()
    return bool(spans[0].equals(spans[1]) and rising)
