"""The night's run: after each session of the venue, half days included, and never without one."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from cws.strategies import Catalogue
from cws_dagster.jobs import all_jobs
from cws_dagster.schedules import NIGHTLY, calendar_name, had_session, nightly_schedules


def test_a_schedule_a_calendar(definitions: dg.Definitions, real: Catalogue) -> None:
    found = {one.name: one for one in nightly_schedules(real, all_jobs(real))}
    assert set(found) == {"nightly_xnys_schedule", "nightly_24_7_schedule"}
    assert found["nightly_xnys_schedule"].execution_timezone == "America/New_York"
    assert {schedule.name for schedule in definitions.schedules or []} == {*found, "supervisor"}


def tick(definitions: dg.Definitions, name: str, moment: datetime) -> dg.RunRequest | dg.SkipReason:
    schedule = definitions.resolve_schedule_def(name)
    assert isinstance(schedule, dg.ScheduleDefinition)
    with dg.build_schedule_context(
        scheduled_execution_time=moment, repository_def=definitions.get_repository_def()
    ) as c:
        result = schedule.evaluate_tick(c)
    return (result.run_requests or [None])[0] or dg.SkipReason(result.skip_message)


def after_close(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T17:30:00").replace(tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    "day",
    ["2024-07-03", "2024-07-05", "2024-11-29", "2024-12-24"],
    ids=["half day", "day", "half day after Thanksgiving", "Christmas Eve"],
)
def test_the_night_run_happens_after_a_session_half_days_included(definitions: dg.Definitions, day: str) -> None:
    asked = tick(definitions, "nightly_xnys_schedule", after_close(day))
    assert isinstance(asked, dg.RunRequest)
    assert asked.tags["cws/session"] == day and asked.run_key == f"nightly_xnys-{day}"


@pytest.mark.parametrize(
    "day",
    ["2024-07-04", "2024-12-25", "2024-07-06", "2024-03-29"],
    ids=["4 July", "Christmas", "Saturday", "Good Friday"],
)
def test_the_night_run_is_skipped_without_a_session(definitions: dg.Definitions, day: str) -> None:
    asked = tick(definitions, "nightly_xnys_schedule", after_close(day))
    assert isinstance(asked, dg.SkipReason)
    assert day in str(asked.skip_message) and "XNYS" in str(asked.skip_message)


def test_a_market_that_never_closes_runs_for_the_day_that_ended(definitions: dg.Definitions) -> None:
    asked = tick(definitions, "nightly_24_7_schedule", datetime(2024, 7, 7, 0, 15, tzinfo=UTC))
    assert isinstance(asked, dg.RunRequest) and asked.tags["cws/session"] == "2024-07-06"


@pytest.mark.parametrize(
    ("calendar", "day", "open_"),
    [
        ("XNYS", "2024-07-03", True),
        ("XNYS", "2024-07-04", False),
        ("XHKG", "2024-02-09", True),
        ("XHKG", "2024-02-12", False),
        ("XTKS", "2024-01-03", False),
        ("24/7", "2024-12-25", True),
    ],
)
def test_sessions_are_the_venues(calendar: str, day: str, open_: bool) -> None:
    assert had_session(calendar, date.fromisoformat(day)) == open_


def test_every_calendar_with_a_night_has_a_name_that_dagster_takes() -> None:
    assert all(calendar_name(calendar).isidentifier() or calendar == "24/7" for calendar in NIGHTLY)
    assert {"XNYS", "XHKG", "XTKS", "24/7"} == set(NIGHTLY)
