"""Add the bars that a symbol misses after its first one: close carried, no volume, age counted.

Why bounded: a price older than `max_age_bars` is no price. Whether the symbol trades again decides nothing, for a bar
filled only then would tell of the future. So a symbol that stops is carried to the bound as well, but never to or over
the `valid_to_ns` of its instrument: a delisting that is known is obeyed. Nothing is added before a listing.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.clean.missing_bars import expected_stamps, holes
from modules.clean.venue_sessions import DAILY_SECONDS, sessions_example
from modules.contract import Check, ModuleSettings, module
from modules.examples import DAY_NS, START_NS, bars_example
from modules.instruments import instruments_example
from modules.panel import by_symbol, grid
from modules.tables import BARS, INSTRUMENTS, SESSIONS


class Settings(ModuleSettings):
    grid: Literal["panel", "sessions"] = Field(description="bars expected: the panel's own stamps, or also the venue's")
    bar_seconds: int = Field(ge=1, le=DAILY_SECONDS, description="length of a bar; 86400 is one bar a session")
    max_age_bars: int = Field(ge=0, le=1000, description="missing bars in a row that are filled at most")


def example(rng: np.random.Generator) -> dict[str, object]:
    bars = bars_example(rng, 80)
    gone = [10, 11, 12, 30, *range(74, 80), *range(100, 112), *range(157, 160), 200]
    instruments = instruments_example()
    instruments.loc[1, "valid_to_ns"] = START_NS + 78 * DAY_NS
    return {
        "bars": bars.drop(index=gone).reset_index(drop=True),
        "sessions": sessions_example(80),
        "instruments": instruments,
    }


@module(takes=(BARS, SESSIONS, INSTRUMENTS), gives=BARS, settings=Settings, example=example)
def forward_fill(
    bars: pd.DataFrame, sessions: pd.DataFrame, instruments: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    """Takes bars sorted by (symbol, ts_event). Raises CWS-CLEAN-001 when the sessions are of several calendars."""
    expected = expected_stamps(bars, sessions, settings.grid, settings.bar_seconds)
    carried, place, age = holes(bars, instruments, expected, settings.max_age_bars)
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
def no_life_before_listing_or_after_delisting(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """First stamps are as they were, stamps rise strictly, and no bar is filled where no instrument is valid."""
    firsts = [frame.groupby("symbol")["ts_event"].first() for frame in (before.bars, after)]
    rising = (by_symbol(after)["ts_event"].diff().dropna() > 0).all()
    known = after.merge(before.instruments[["symbol", "valid_from_ns", "valid_to_ns"]], on="symbol")
    valid = known[(known["valid_from_ns"] <= known["ts_event"]) & (known["ts_event"] < known["valid_to_ns"])]
    key = ["symbol", "ts_event"]
    stands = pd.concat([before.bars[key], valid[key]])
    wrong = ~pd.MultiIndex.from_frame(after[key]).isin(pd.MultiIndex.from_frame(stands))
    same = bool(firsts[0].equals(firsts[1]) and rising)
    return Check(same and not wrong.any(), float(wrong.sum()), "0 bars", after[wrong].head(5))


@forward_fill.accept
def holes_are_filled_whatever_follows(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """A symbol has a bar wherever another has one and its own last one is at most `max_age_bars` stamps old."""
    place, known = grid(after), before.instruments.drop_duplicates("symbol", keep=False).set_index("symbol")
    key = ["symbol", "ts_event"]
    came = pd.Series(pd.MultiIndex.from_frame(after[key]).isin(pd.MultiIndex.from_frame(before.bars[key])))
    number = np.arange(len(place.ts_event))[:, None]
    last = np.maximum.accumulate(np.where(place.spread(came) == 1.0, number, -1), axis=0)
    start, end = (
        known[name].reindex(place.symbols, fill_value=0).to_numpy() for name in ("valid_from_ns", "valid_to_ns")
    )
    stamps = place.ts_event[:, None]
    due = (last >= 0) & (number - last <= settings.max_age_bars) & (stamps < end) & (place.ts_event[last] >= start)
    missing = due & np.isnan(place.spread(came))
    return Check(not missing.any(), float(missing.sum()), "0 holes")
