"""With a gateway that `cws gateway up` keeps up, the sensor's job finds it and hands the newest targets over, once."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from wired import native_folder

from cws.execution.places import asked, live, processes
from cws.execution.supervisor import stop
from cws.home import settings
from cws.house import House, open_house
from cws_dagster.cli import main

NAME, NOT_DUE = "xs_reversal", "ts_momentum"  # the one rebalances at the newest bar, the other has not this month
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@pytest.fixture
def house(tmp_path: Path, real_run, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    native_folder()
    home = tmp_path / "home"
    shutil.copytree(real_run.home, home)
    monkeypatch.setenv("CWS_HOME", str(home))
    monkeypatch.setenv("CWS_VIEWS", "off")
    yield open_house(settings())
    stop(home / "gateway" / "live")


def targets(name: str) -> dg.AssetsDefinition:
    """The targets stand in the home already: only that they were materialised is told."""

    @dg.asset(key=["size", name])
    def stand() -> None: ...

    return stand


def executed(definitions: dg.Definitions, name: str = NAME) -> dict[str, Any]:
    """New targets, the sensor's tick, and the job that it asks for; what the ledger says of the execution."""
    with dg.DagsterInstance.ephemeral() as instance:
        made = dg.Definitions([targets(name)]).resolve_implicit_global_asset_job_def()
        made.execute_in_process(instance=instance, run_config=QUIET)
        sensor = definitions.resolve_sensor_def(f"execute_{name}")
        tick = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, sensor_name=sensor.name))
        assert tick.run_requests
        job = definitions.resolve_job_def(sensor.job_name)
        assert job.execute_in_process(instance=instance, run_config=QUIET, tags=tick.run_requests[0].tags).success
    return last_execution(name)


def last_execution(name: str = NAME) -> dict[str, Any]:
    stages = open_house(settings()).ledger.entries("stage")
    return [entry.body for entry in stages if (entry.body["stage"], entry.body["unit"]) == ("execute", name)][-1]


def parents(house: House, process: str) -> list[dict[str, Any]]:
    return asked(live(house.home), process, {"cmd": "parents"})["parents"]


def test_the_sensor_finds_the_gateway_that_is_up(
    house: House, definitions: dg.Definitions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "live" not in last_execution(), "nobody to hand anything to"
    assert main(["gateway", "up", "--json"]) == 0
    pids = json.loads(capsys.readouterr().out.splitlines()[-1])["pids"]
    assert parents(house, "cws-gateway") == [], "up alone trades nothing"
    assert "live" not in executed(definitions, NOT_DUE), "what was due earlier is no order of today"
    first = executed(definitions)["live"]
    assert first["parents"] == first["taken"] > 0 and first["why"] == "", first
    handed = parents(house, "cws-gateway")
    assert len(handed) == first["taken"] and {one["strategy"] for one in handed} == {NAME}
    assert all(one["ledger_id"] and one["data_version"] for one in handed), "ids go along to the end"
    assert not any(one["state"] == "rejected" for one in handed)
    again = executed(definitions)["live"]
    assert (again["known"], again["taken"], again["refused"]) == (first["taken"], 0, 0), "nothing is worked twice"
    assert len(parents(house, "cws-gateway")) == len(handed)
    assert processes(live(house.home)) == pids, "it was found, not started again"
