"""When execution runs by itself: a sensor a strategy, on the materialisation of its targets.

The sensor only asks for the `execute` asset; what that does is `cws.execution.submit.ensure_gateway_and_submit`, as in
`cws run`. Asked twice for the same targets it finds the same run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from cws.strategies import Catalogue

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

LIMIT_S = "3600"


def execution_jobs(chosen: Catalogue) -> dict[str, AssetJob]:
    """Strategy -> the job that executes its targets and nothing else."""
    return {
        name: dg.define_asset_job(
            f"execute_{name}_job",
            dg.AssetSelection.assets(dg.AssetKey(["execute", name])),
            description=f"Hand the targets of {name} to the gateway, wait for the fills, reconcile.",
            tags={"dagster/retry_strategy": "ALL_STEPS", "dagster/max_runtime": LIMIT_S},
        )
        for name in chosen.strategies
    }


def execution_sensors(jobs: dict[str, AssetJob]) -> list[dg.SensorDefinition]:
    """One a strategy; on as soon as the daemon runs."""
    return [_sensor(name, job) for name, job in jobs.items()]


def _sensor(name: str, job: AssetJob) -> dg.SensorDefinition:
    @dg.asset_sensor(
        name=f"execute_{name}",
        asset_key=dg.AssetKey(["size", name]),
        job=job,
        description=f"New targets of {name} go to the gateway.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def on_targets(context: dg.SensorEvaluationContext, event: dg.EventLogEntry) -> dg.RunRequest | dg.SkipReason:
        made_by = context.instance.get_run_by_id(event.run_id)
        return asked(name, event, made_by)

    return on_targets


def asked(name: str, event: dg.EventLogEntry, made_by: dg.DagsterRun | None) -> dg.RunRequest | dg.SkipReason:
    """Once a materialisation; a run that sizes and executes by itself needs nobody to ask."""
    key = dg.AssetKey(["execute", name])
    if made_by is not None and _executes(made_by, key):
        return dg.SkipReason(f"the run that made the targets executes {name} itself")
    return dg.RunRequest(run_key=f"execute-{name}-{event.run_id}", tags={"cws/targets_of": event.run_id})


def _executes(run: dg.DagsterRun, key: dg.AssetKey) -> bool:
    """A selection names its assets; a job without one is one of ours, and all of those that size also execute."""
    if run.asset_selection is not None:
        return key in run.asset_selection
    return not run.job_name.startswith("__")
