"""The one code location: six groups of assets, a job a strategy, a nightly schedule a venue calendar."""

import dagster as dg

from assets.desk import desk_resource
from assets.wiring import IN_MEMORY
from cws.home import settings
from cws.strategies import Catalogue, catalogue
from cws_dagster.jobs import all_jobs
from cws_dagster.lineage import all_assets
from cws_dagster.schedules import nightly_schedules


def build(chosen: Catalogue) -> dg.Definitions:
    """Definitions of a catalogue; ops hand tables on in memory, so every job runs in one process."""
    jobs = all_jobs(chosen)
    return dg.Definitions(
        assets=all_assets(chosen),
        jobs=list(jobs.values()),
        schedules=nightly_schedules(chosen, jobs),
        resources={"desk": desk_resource, **IN_MEMORY},
        executor=dg.in_process_executor,
    )


# The code location of `workspace.yaml`: the one place that reads the environment at import.
defs = build(catalogue(settings().strategies))
