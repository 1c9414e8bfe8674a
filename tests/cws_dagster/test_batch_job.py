"""The job `backtest_batch` as the launchpad runs it, and the command: one function, the same batch."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from assets.desk import desk_resource
from cws.home import settings
from cws.strategies import catalogue
from cws_dagster.batch_job import BatchConfig
from cws_dagster.cli import main
from cws_dagster.lineage import build
from cws_dagster.progress import SetLines

GRID = "cost_bps=1 5 9, vol_target.target_annual_vol=0.1 0.2"
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@pytest.fixture
def home(real_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(real_run.home, tmp_path / "home")
    monkeypatch.setenv("CWS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CWS_VIEWS", "off")
    return tmp_path / "home"


def test_the_job_and_the_command_are_one_batch(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"recipe": "ts_momentum", "grid": GRID, "processes": 1}
    job = build(catalogue(settings().strategies), desk_resource).resolve_job_def("backtest_batch")
    with dg.DagsterInstance.ephemeral() as instance:
        config = {"ops": {"backtests": {"config": asked}}, **QUIET}
        result = job.execute_in_process(instance=instance, run_config=config)
    (event,) = [event for event in result.all_node_events if event.event_type_value == "STEP_OUTPUT"]
    told = {name: value.value for name, value in event.step_output_data.metadata.items()}  # type: ignore[union-attr]
    assert told["dagster/row_count"] == 6 and told["computed_now"] is True
    assert told["backtests_per_day"] == pytest.approx(told["backtests_per_second"] * 86_400)
    assert told["sets"].startswith("| set | number |") and "| best |" in told["sets"]
    capsys.readouterr()
    assert main(["backtest", "ts_momentum", "--grid", GRID, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["batch"] == told["batch"] and said["computed_now"] is False
    assert said["rows_hash"] == told["rows_hash"] and said["sets"] == 6
    assert set(said["best"]["values"]) == {"cost_bps", "vol_target.target_annual_vol"}


def test_people_get_a_table_and_the_rate(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "ts_momentum", "--grid", "cost_bps=1 5"]) == 0
    shown = capsys.readouterr()
    for word in ("best", "median", "worst", "deflated Sharpe of the best", "backtests per day on this machine"):
        assert word in shown.out
    assert "2 of 2 sets" in shown.err
    assert main(["backtest", "ts_momentum", "--grid", "cost_bps=1 5"]) == 0
    assert "is finished" in capsys.readouterr().out


def test_a_grid_that_is_wrong_is_refused_before_anything_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in (
        (["ts_momentun"], "CWS-BATCH-006"),
        (["ts_momentum", "--grid", "cost=1"], "CWS-BATCH-004"),
        (["ts_momentum", "--grid", "cost_bps=1..9", "--max-sets", "3"], "CWS-BATCH-002"),
    ):
        assert main(["backtest", *arguments]) == 2
        assert code in capsys.readouterr().err


def test_the_launchpad_asks_for_a_recipe_and_offers_the_rest() -> None:
    assert BatchConfig(recipe="x").model_dump() == {
        "recipe": "x", "grid": "", "heat": "", "max_sets": 0, "processes": 0
    }  # fmt: skip


def test_lines_say_rate_and_time_left() -> None:
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    lines = SetLines(Console(file=out, width=100))
    for done, left_s in ((0, float("inf")), (10, 65.0), (20, 0.0)):
        lines(done, 20, 0.0 if done == 0 else 2.0, left_s)
    assert out.getvalue().splitlines() == ["0 of 20 sets", "20 of 20 sets, 2.0 a second, 0:00:00 to go"]
