"""A batch in MLflow: one parent, three children, one file of all rows, one heat map; shown again, none is made anew."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from batching import batch_of, rows_of
from small_house import make_place
from walking import publish_stages

from cws.batch.run import Batch
from cws.house import House
from cws.views.batch_rows import best_by
from cws.views.batch_run import BATCH, SET, show_batch
from cws.views.mlflow_run import tracking_uri


@pytest.fixture
def batch(prepared: House, tmp_path: Path) -> tuple[House, Batch]:
    place = make_place(tmp_path / "place")
    publish_stages(place, place.house(), "ingest", "clean")
    made = batch_of(
        place, grid="reversal_5d.window_bars=3 5, cost_bps=2 5 9, rank_to_weight.skill.schedule=weekly daily"
    )
    place.house().home.mlflow_db.write_bytes(prepared.home.mlflow_db.read_bytes())
    return place.house(), made


def mlflow_client(house: House) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri(house.home))


def runs_of(house: House) -> dict[str, Any]:
    client = mlflow_client(house)
    experiment = client.get_experiment_by_name("small_reversal")
    found = client.search_runs([experiment.experiment_id])
    assert len({run.data.tags[SET] for run in found}) == len(found)
    return {run.data.tags[SET]: run for run in found}


def test_a_batch_is_a_parent_with_three_children(batch: tuple[House, Batch]) -> None:
    house, made = batch
    shown = show_batch(house, made, "on")
    assert shown.warning == "" and "runs/" in shown.page
    assert Path(shown.heat_path).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    runs = runs_of(house)
    assert set(runs) == {"batch", "best", "median", "worst"}
    parent = runs["batch"]
    assert parent.info.status == "FINISHED" and parent.data.tags[BATCH] == made.plan.id
    assert parent.data.metrics["sets"] == 12.0 and parent.data.metrics["trials"] == 12.0
    assert parent.data.params["grid.cost_bps"] == "2 5 9"
    for name in ("best", "median", "worst"):
        row = made.body[name]
        assert runs[name].data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert runs[name].data.params == {key: str(value) for key, value in row["values"].items()}
        assert runs[name].data.metrics["sharpe_per_bar"] == row["sharpe_per_bar"]
    assert runs["best"].data.metrics["deflated_sharpe"] == made.body["best_in_full"]["deflated_sharpe"]
    again = show_batch(house, made, "on")
    assert again == shown and set(runs_of(house)) == set(runs)
    assert all(run.info.run_id == runs[name].info.run_id for name, run in runs_of(house).items())


def test_one_file_holds_all_rows_with_a_column_a_setting(batch: tuple[House, Batch], tmp_path: Path) -> None:
    house, made = batch
    show_batch(house, made, "on")
    parent = runs_of(house)["batch"]
    names = {item.path for item in mlflow_client(house).list_artifacts(parent.info.run_id)}
    assert names == {"rows.parquet", f"{made.plan.id}.reversal_5d.window_bars.cost_bps.png"}
    path = mlflow_client(house).download_artifacts(parent.info.run_id, "rows.parquet", str(tmp_path))
    kept, rows = pd.read_parquet(path), rows_of(house, made)
    assert kept["cost_bps"].tolist()[:4] == [2.0, 2.0, 5.0, 5.0]
    assert kept["rank_to_weight.skill.schedule"].tolist()[:2] == ["weekly", "daily"]
    assert kept["reversal_5d.window_bars"].tolist() == [3] * 6 + [5] * 6
    assert np.array_equal(kept["sharpe_per_bar"], rows["sharpe_per_bar"])


def test_the_map_shows_the_best_over_all_other_settings(batch: tuple[House, Batch]) -> None:
    house, made = batch
    sharpe = rows_of(house, made)["sharpe_per_bar"].to_numpy().reshape(2, 3, 2)
    assert np.array_equal(best_by(house, made, ("reversal_5d.window_bars", "cost_bps")), sharpe.max(axis=2))
    schedule = best_by(house, made, ("rank_to_weight.skill.schedule", "cost_bps"))
    assert np.array_equal(schedule, sharpe.max(axis=0).T)


def test_a_view_that_fails_says_so_and_a_view_that_is_off_is_none(batch: tuple[House, Batch]) -> None:
    house, made = batch
    assert show_batch(house, made, "off").heat_path == ""
    house.home.mlflow_db.write_bytes(b"no database")
    shown = show_batch(house, made, "on")
    assert shown.page == "" and shown.warning != "" and shown.heat_path != ""


def test_a_run_that_a_crash_left_is_filled(batch: tuple[House, Batch], monkeypatch: pytest.MonkeyPatch) -> None:
    house, made = batch
    monkeypatch.setattr("cws.views.batch_run._log", lambda *given: (_ for _ in ()).throw(OSError("gone")))
    assert "gone" in show_batch(house, made, "on").warning
    monkeypatch.undo()
    assert show_batch(house, made, "on").warning == ""
    runs = runs_of(house)
    assert {run.info.status for run in runs.values()} == {"FINISHED"} and len(runs) == 4
