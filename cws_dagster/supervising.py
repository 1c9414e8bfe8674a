"""When the loop runs by itself: miners after every run, a whole cycle at night. All of it is off until turned on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from assets.ablations import PATCHES, VERDICTS
from assets.findings import FINDINGS

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

# After every venue's night run.
NIGHTLY = "30 19 * * *"
ZONE = "America/New_York"
JOB, CYCLE, ABLATION = "supervisor_job", "cycle_job", "ablation"
# Scores in a night: half are the probe's, and with eight a module at least the five worst findings are asked about.
NIGHTLY_SCORES = 80
CYCLE_LIMIT_S = 6 * 3600


def supervisor_job() -> AssetJob:
    """Mine all traces."""
    return dg.define_asset_job(
        JOB,
        dg.AssetSelection.assets(FINDINGS),
        description="Mine all traces into the work list.",
        tags={"dagster/max_runtime": "900"},
    )


def ablation_job() -> AssetJob:
    """One run is one batch, over patches of the op's config."""
    return dg.define_asset_job(
        ABLATION,
        dg.AssetSelection.assets(PATCHES, VERDICTS),
        description="One batch: patches (TOML texts or a folder, in the config of `patches`) through the gate.",
        tags={"dagster/max_runtime": str(CYCLE_LIMIT_S)},
    )


def cycle_job() -> AssetJob:
    """Findings, patches, verdicts."""
    return dg.define_asset_job(
        CYCLE,
        dg.AssetSelection.assets(FINDINGS, PATCHES, VERDICTS),
        description="A whole cycle: mine, propose behind walls, one batch; shadows and the weekly bundle before it.",
        config={"ops": {"patches": {"config": {"budget": NIGHTLY_SCORES}}}},
        tags={"dagster/max_runtime": str(CYCLE_LIMIT_S)},
    )


def supervisor_schedule(job: AssetJob) -> dg.ScheduleDefinition:
    """Every night, whether or not a venue had a session: crypto never sleeps."""
    return dg.ScheduleDefinition(
        name="supervisor",
        job=job,
        cron_schedule=NIGHTLY,
        execution_timezone=ZONE,
        description="A whole cycle of the loop, every night.",
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
    """Once a run; the loop's own runs are no news to it."""
    if job_name in (JOB, CYCLE, ABLATION):
        return dg.SkipReason("the loop's own run")
    return dg.RunRequest(run_key=f"supervisor-{run_id}", tags={"cws/supervised_run": run_id})
