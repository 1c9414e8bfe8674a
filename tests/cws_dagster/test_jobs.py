"""A job a strategy, one a calendar for the night, one for everything."""

import dagster as dg

from cws.strategies import Catalogue
from cws_dagster.jobs import all_jobs


def job_assets(definitions: dg.Definitions, name: str) -> set[str]:
    job = definitions.resolve_job_def(name)
    return {key.to_user_string() for key in job.asset_layer.executable_asset_keys}


def test_a_job_a_strategy_from_its_dataset_to_its_targets(definitions: dg.Definitions, real: Catalogue) -> None:
    for name, strategy in real.strategies.items():
        mine = {f"{stage}/{strategy.dataset}" for stage in ("ingest", "clean")}
        mine |= {f"{stage}/{name}" for stage in ("feature", "backtest", "size")}
        assert job_assets(definitions, f"{name}_job") == mine


def test_the_nightly_job_of_a_calendar_runs_its_strategies(definitions: dg.Definitions) -> None:
    night = job_assets(definitions, "nightly_xnys_job")
    assert {"size/ts_momentum", "size/xs_reversal", "ingest/us_tech"} <= night and "size/btc_intraday" not in night
    assert "size/btc_intraday" in job_assets(definitions, "nightly_24_7_job")


def test_one_job_runs_everything(definitions: dg.Definitions) -> None:
    assert len(job_assets(definitions, "all_job")) == 16 and "execute/book" in job_assets(definitions, "all_job")


def test_every_job_runs_in_one_process_and_retries_from_its_start(definitions: dg.Definitions, real: Catalogue) -> None:
    for name in all_jobs(real):
        job = definitions.resolve_job_def(f"{name}_job")
        assert job.executor_def is dg.in_process_executor
        assert job.tags["dagster/retry_strategy"] == "ALL_STEPS"
