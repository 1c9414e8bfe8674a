"""Published calendars: sessions of 2024, lunch breaks and half days."""

import pandas as pd
import pytest

from modules.errors import CwsError
from modules.registry import load
from modules.runner import run
from modules.settings import bind


def sessions(mic: str, first: int, last: int) -> pd.DataFrame:
    outcome = run(bind(load("exchange_sessions"), {"mic": mic, "first_year": first, "last_year": last}), {})
    if outcome.failure is not None:
        raise outcome.failure
    assert outcome.trace.failed_checks == []
    return outcome.outputs["sessions"].frame


@pytest.mark.parametrize(("mic", "count"), [("XHKG", 246), ("XTKS", 245), ("XNYS", 252), ("24/7", 366)])
def test_sessions_of_2024(mic: str, count: int) -> None:
    assert len(sessions(mic, 2024, 2024)) == count


def test_hong_kong_lunch_and_half_days() -> None:
    table = sessions("XHKG", 2024, 2024).set_index("date")
    assert table.index[table["half_day"]].tolist() == ["2024-02-09", "2024-12-24", "2024-12-31"]

    def clock(date: str, column: str) -> str:
        return pd.Timestamp(table.loc[date, column], tz="UTC").tz_convert("Asia/Hong_Kong").strftime("%H:%M")

    usual = [clock("2024-02-08", name) for name in ("open_ns", "break_start_ns", "break_end_ns", "close_ns")]
    assert usual == ["09:30", "12:00", "13:00", "16:00"]
    assert (clock("2024-02-09", "open_ns"), clock("2024-02-09", "close_ns")) == ("09:30", "12:00")
    assert table.loc["2024-02-09", "break_start_ns"] == -1


def test_new_york_has_no_lunch_and_three_early_closes() -> None:
    table = sessions("XNYS", 2024, 2024)
    assert (table["break_start_ns"] == -1).all()
    assert table["date"][table["half_day"]].tolist() == ["2024-07-03", "2024-11-29", "2024-12-24"]


def test_years_that_a_calendar_does_not_know_are_refused() -> None:
    for mic, first, last in (("XTKS", 1990, 2000), ("XNYS", 2001, 2000)):
        with pytest.raises(CwsError, match="CWS-INGEST-011"):
            sessions(mic, first, last)
