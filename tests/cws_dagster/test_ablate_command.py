"""`cws ablate` reads patches from files and folders, and refuses what it cannot read."""

import json
from pathlib import Path

import pytest
from small_house import make_place
from walking import publish_stages

from cws.views.gate_run import EXPERIMENT, VERDICT
from cws.views.mlflow_run import mlflow_client
from cws_dagster.cli import main
from cws_dagster.commands.ablate import MAX_FILES, read_patches
from modules.errors import CwsError


def test_a_folder_gives_its_patches_by_name(tmp_path: Path) -> None:
    for name, bars in (("b", 9), ("a", 3)):
        (tmp_path / f"{name}.toml").write_text(f'module = "reversal_5d"\n[settings]\nwindow_bars = {bars}\n')
    (tmp_path / "notes.txt").write_text("not a patch")
    assert [patch.settings["window_bars"] for patch in read_patches([tmp_path])] == [3, 9]


def test_a_patch_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.toml", tmp_path / "bytes.toml"):
        with pytest.raises(CwsError, match="CWS-PATCH-007"):
            read_patches([path])


def test_no_patch_and_too_many_are_refused(tmp_path: Path) -> None:
    """A folder without any says nothing of anything, and what is left out silently was never tried."""
    with pytest.raises(CwsError, match=r"CWS-PATCH-008: 0 patches"):
        read_patches([tmp_path])
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.toml").touch()
    with pytest.raises(CwsError, match="CWS-PATCH-008"):
        read_patches([tmp_path])


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
