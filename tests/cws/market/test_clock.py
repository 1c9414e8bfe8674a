"""A made-up market trades when its venue does."""

import numpy as np
import pandas as pd
import pytest

from cws.market.clock import bars_a_year, clock_of
from cws.market.spec import World
from modules.errors import CwsError

INTRADAY = World(name="intraday", vendor="epoch_bars", bar_seconds=900, symbols=1, bars=2_000, first_year=2019)


def test_daily_bars_stand_at_the_closes_of_the_venue() -> None:
    clock = clock_of(World(name="daily", first_year=2012), 250)
    assert clock.ts_event.tolist() == clock.sessions["close_ns"].tolist()[:250]
    assert pd.Timestamp(clock.ts_event[0], tz="UTC") == pd.Timestamp("2012-01-03 21:00Z")
    assert clock.opens.all()


def test_intraday_bars_fill_the_sessions_and_their_half_days() -> None:
    clock = clock_of(INTRADAY, 26 * 252)
    starts = pd.Series(clock.ts_event)
    inside = starts.groupby(pd.to_datetime(starts).dt.date).size()
    assert set(inside.iloc[:-1]) == {26, 14} and (clock.ts_avail - clock.ts_event == 900 * 10**9).all()
    assert np.count_nonzero(clock.opens) == len(inside)
    assert clock.place.min() > 0.0 and clock.place.max() < 1.0


def test_years_have_as_many_bars_as_their_sessions() -> None:
    assert bars_a_year(World(name="daily")) == 252.0
    assert bars_a_year(INTRADAY) == 252.0 * 26
    assert bars_a_year(INTRADAY.model_copy(update={"calendar": "24/7"})) == 35_040.0


def test_a_world_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(CwsError) as refusal:
        clock_of(World(name="late", first_year=2040, bars=5_000), 5_000)
    assert refusal.value.code == "CWS-MARKET-002"
