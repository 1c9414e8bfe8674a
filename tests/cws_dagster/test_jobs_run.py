"""A job of the code location runs as the UI would run it: resources from the environment, one strategy, one home."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from assets.desk import desk_resource
from cws.home import settings
from cws.house import open_house
from cws.publish import MOVING
from cws.strategies import catalogue
from cws.trace_log import read_traces
from cws_dagster.lineage import build
from modules.contract import STAGES


def test_a_strategy_job_publishes_the_same_data_versions_again(
    real_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(real_run.home, home)
    monkeypatch.setenv("CWS_HOME", str(home))
    monkeypatch.setenv("CWS_VIEWS", "off")
    before = open_house(settings()).ledger.head().entries
    job = build(catalogue(settings().strategies), desk_resource).resolve_job_def("ts_momentum_job")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
        )
    assert result.success
    # The desk's resource commits the run's traces when Dagster ends it.
    traces = read_traces(open_house(settings()))
    mine = traces[traces["run_id"] == result.run_id]
    assert mine["unit_stage"].drop_duplicates().tolist() == list(STAGES)
    stages = [entry for entry in open_house(settings()).ledger.entries("stage") if entry.index >= before]
    assert [entry.body["stage"] for entry in stages] == ["ingest", "clean", "feature", "backtest", "size", "execute"]
    own = ("us_tech", "ts_momentum")
    earlier = [e.body for e in open_house(settings()).ledger.entries("stage") if e.index < before]
    old = {body["stage"]: body["outputs"] for body in earlier if body["unit"] in own}
    for entry in stages:
        named = {name: pin["hash"] for name, pin in entry.body["outputs"].items() if name not in MOVING}
        assert named == {name: pin["hash"] for name, pin in old[entry.body["stage"]].items() if name not in MOVING}
