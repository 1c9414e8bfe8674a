"""When the miners run by themselves: at night, and after every run. All of it is off until somebody turns it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from assets.findings import FINDINGS

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

# After every venue's night run.
NIGHTLY = "30 19 * * *"
ZONE = "America/New_York"
JOB = "supervisor_job"


def supervisor_job() -> AssetJob:
    """Mine all traces."""
    return dg.define_asset_job(
        JOB,
        dg.AssetSelection.assets(FINDINGS),
        description="Mine all traces into the work list.",
        tags={"dagster/max_runtime": "900"},
    )


def supervisor_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Every night, whether or not a venue had a session: crypto never sleeps."""
    return dg.ScheduleDefinition(
        name="supervisor",
        job=job,
        cron_schedule=NIGHTLY,
        execution_timezone=ZONE,
        description="Mine all traces, every night.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


def supervisor_sensors(job: AssetJob) -> Sequence[dg.SensorDefinition]:
    """One for runs that went well and one for those that failed: Dagster watches one status a sensor."""
    ends = {
        "supervisor_after_success": dg.DagsterRunStatus.SUCCESS,
        "supervisor_after_failure": dg.DagsterRunStatus.FAILURE,
    }
    return [_sensor(job, name, status) for name, status in ends.items()]


def _sensor(job: AssetJob, name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=name,
        run_status=status,
        request_job=job,
        description=f"Mine all traces after a run that ended in {status.value}.",
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def after_a_run(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        return asked(context.dagster_run.job_name, context.dagster_run.run_id)

    return after_a_run


def asked(job_name: str, run_id: str) -> dg.RunRequest | dg.SkipReason:
    """Once a run; the miners' own runs are no news to them."""
    if job_name == JOB:
        return dg.SkipReason("the supervisor's own run")
    return dg.RunRequest(run_key=f"supervisor-{run_id}", tags={"cws/supervised_run": run_id})
