"""`cws ablate` for one patch."""

import json
from pathlib import Path

import pytest
from small_house import make_place
from walking import publish_stages

from cws.views.gate_run import EXPERIMENT, VERDICT
from cws.views.mlflow_run import mlflow_client
from cws_dagster.cli import main


def test_a_lone_patch_stands_in_the_gates_table_and_in_mlflow_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_place(tmp_path / "place")
    publish_stages(place, place.house())
    for name, value in (("HOME", place.home), ("STRATEGIES", place.strategies), ("VIEWS", "on")):
        monkeypatch.setenv(f"CWS_{name}", str(value))
    (tmp_path / "one.toml").write_text('module = "reversal_5d"\n[settings]\nwindow_bars = 9\n')
    for _ in range(2):
        assert main(("ablate", str(tmp_path / "one.toml"), "--json")) == 0
        (verdict,) = json.loads(capsys.readouterr().out)["verdicts"]
        house = place.house()
        assert [pin.rows for pin in house.lake.parts("verdicts")] == [1]
        (row,) = house.lake.read(house.lake.pin("verdicts", verdict["id"])).to_dict("records")
        assert (row["id"], row["kind"], row["batch"]) == (verdict["id"], verdict["kind"], "")
        client = mlflow_client(house.home)
        (run,) = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
        assert run.data.tags[VERDICT] == verdict["id"]
        assert not house.ledger.entries("batch")
