"""The whole lineage of a catalogue as Dagster definitions: six groups in a line and the loop, jobs, nights."""

import dagster as dg

from assets.ablations import patches_asset, verdicts_asset
from assets.backtest import backtest_assets
from assets.clean import clean_assets
from assets.execute import execute_assets
from assets.feature import feature_assets
from assets.findings import findings_asset
from assets.ingest import ingest_assets
from assets.size import size_assets
from assets.wiring import IN_MEMORY
from cws.strategies import Catalogue
from cws_dagster.batch_job import backtest_batch
from cws_dagster.executing import execution_jobs, execution_sensors
from cws_dagster.jobs import all_jobs
from cws_dagster.schedules import nightly_schedules
from cws_dagster.supervising import ablation_job, cycle_job, supervisor_job, supervisor_schedule, supervisor_sensors

FACTORIES = (ingest_assets, clean_assets, feature_assets, backtest_assets, size_assets, execute_assets)


def all_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    return [asset for factory in FACTORIES for asset in factory(catalogue)]


def build(catalogue: Catalogue, desk: object) -> dg.Definitions:
    """Definitions of a catalogue; `desk` is a Desk or the resource that makes one.

    Ops hand tables on in memory, so every job runs in one process.
    """
    jobs, supervisor, cycle = all_jobs(catalogue), supervisor_job(), cycle_job()
    executing = execution_jobs(catalogue)
    return dg.Definitions(
        assets=[*all_assets(catalogue), findings_asset(), patches_asset(), verdicts_asset()],
        jobs=[*jobs.values(), *executing.values(), backtest_batch, supervisor, cycle, ablation_job()],
        schedules=[*nightly_schedules(catalogue, jobs), supervisor_schedule(cycle)],
        sensors=[*supervisor_sensors(supervisor), *execution_sensors(executing)],
        resources={"desk": desk, **IN_MEMORY},
        executor=dg.in_process_executor,
    )
