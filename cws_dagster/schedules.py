"""A nightly schedule a venue calendar: after the venue's close, and only for a day on which it had a session."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from cws.strategies import Catalogue

if TYPE_CHECKING:
    # Dagster returns this type from `define_asset_job` and does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

# calendar -> (cron, zone): about an hour and a half after the regular close; 24/7 venues just after midnight UTC.
NIGHTLY = {
    "XNYS": ("30 17 * * *", "America/New_York"),
    "XHKG": ("30 17 * * *", "Asia/Hong_Kong"),
    "XTKS": ("30 16 * * *", "Asia/Tokyo"),
    "24/7": ("15 0 * * *", "UTC"),
}


def calendar_name(calendar: str) -> str:
    """A calendar as part of a Dagster name: XNYS -> xnys, 24/7 -> 24_7."""
    return calendar.lower().replace("/", "_")


def had_session(calendar: str, day: date) -> bool:
    """Whether the venue had a session on `day` (exchange_calendars; half days count)."""
    import exchange_calendars

    first, last = (day - timedelta(days=10)).isoformat(), (day + timedelta(days=10)).isoformat()
    return bool(exchange_calendars.get_calendar(calendar, start=first, end=last).is_session(day.isoformat()))


def _nightly(calendar: str, job: AssetJob) -> dg.ScheduleDefinition:
    cron, zone = NIGHTLY[calendar]
    name = f"nightly_{calendar_name(calendar)}"

    @dg.schedule(
        name=f"{name}_schedule",
        job=job,
        cron_schedule=cron,
        execution_timezone=zone,
        description=f"After each {calendar} session.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        # The 24/7 run fires after midnight and belongs to the day that ended.
        day = context.scheduled_execution_time.date() - timedelta(days=1 if calendar == "24/7" else 0)
        if not had_session(calendar, day):
            return dg.SkipReason(f"{calendar} had no session on {day}")
        return dg.RunRequest(run_key=f"{name}-{day}", tags={"cws/session": day.isoformat()})

    return nightly


def nightly_schedules(chosen: Catalogue, jobs: dict[str, AssetJob]) -> list[dg.ScheduleDefinition]:
    """One schedule a calendar that some dataset trades on."""
    calendars = sorted({chosen.dataset_of(strategy).instruments.calendar for strategy in chosen.strategies.values()})
    return [_nightly(calendar, jobs[f"nightly_{calendar_name(calendar)}"]) for calendar in calendars]
