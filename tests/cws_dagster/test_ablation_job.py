"""The job `ablation` is one batch a run, and its assets show what people want to see of it."""

import base64
import re
from pathlib import Path

import dagster as dg
import pytest
from small_house import make_place
from walking import publish_stages

from assets.desk import desk_resource
from cws.house import open_house
from cws.patches import read_patch
from cws.release import released
from cws.strategies import Catalogue, catalogue
from cws.supervisor.cycle import given
from cws_dagster.lineage import build
from cws_dagster.supervising import ABLATION, CYCLE, JOB, NIGHTLY_SCORES, asked
from modules.errors import CwsError

QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
TEXT = 'module = "reversal_5d"\n[settings]\nwindow_bars = 9\n'
OTHER = 'module = "rank_to_weight"\n[settings]\ngross = 0.9\n'


def decoded(drawn: str) -> str:
    return base64.b64decode(drawn).decode()


def test_one_run_is_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(tmp_path / "place")
    publish_stages(place, place.house())
    for name, value in (("HOME", place.home), ("STRATEGIES", place.strategies), ("VIEWS", "off")):
        monkeypatch.setenv(f"CWS_{name}", str(value))
    job = build(catalogue(place.strategies), desk_resource).resolve_job_def(ABLATION)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.toml").write_text('module = "rank_to_weight"\n[settings]\ngross = 0.9\n')
    config = {"ops": {"patches": {"config": {"toml": [TEXT], "folder": str(tmp_path / "folder"), "seed": 3}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, run_config={**config, **QUIET})
        shown = {
            name: instance.get_latest_materialization_event(dg.AssetKey([name])) for name in ("patches", "verdicts")
        }
    assert result.success
    metadata = {name: event.asset_materialization.metadata for name, event in shown.items()}  # type: ignore[union-attr]
    assert "window_bars = 9" in str(metadata["patches"]["patches"].value)
    (drawn,) = re.findall("base64,(.*)\\)", str(metadata["patches"]["picture"].value))
    assert {"reversal_5d, person", "rank_to_weight, person"} <= set(re.findall(">([^<]+)</text>", decoded(drawn)))
    assert "gross = 0.9" in str(metadata["verdicts"]["batch"].value)
    assert "data:image/png" in str(metadata["verdicts"]["picture"].value)
    assert metadata["verdicts"]["outcome/reject"].value == 2.0
    ledger = open_house(place.settings).ledger
    assert len(ledger.entries("batch")) == 1 and len(ledger.entries("cycle")) == 1


@pytest.mark.parametrize(("folder", "code"), [("none", "CWS-PATCH-007"), ("empty", "CWS-PATCH-008")])
def test_a_folder_without_patches_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, code: str
) -> None:
    """Whoever mistypes it must not be shown another batch as theirs."""
    place = make_place(tmp_path / "place")
    (tmp_path / "empty").mkdir()
    for name, value in (("HOME", place.home), ("STRATEGIES", place.strategies), ("VIEWS", "off")):
        monkeypatch.setenv(f"CWS_{name}", str(value))
    job = build(catalogue(place.strategies), desk_resource).resolve_job_def(ABLATION)
    config = {"ops": {"patches": {"config": {"folder": str(tmp_path / folder)}}}}
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(CwsError, match=code):
        job.execute_in_process(instance=instance, run_config={**config, **QUIET})


def test_given_patches_are_never_swallowed_by_an_open_cycle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is asked again as it was goes on; another is refused, and without patches the open cycle ends."""
    place = make_place(tmp_path / "place")
    publish_stages(place, place.house())
    for name, value in (("HOME", place.home), ("STRATEGIES", place.strategies), ("VIEWS", "off")):
        monkeypatch.setenv(f"CWS_{name}", str(value))
    ledger = open_house(place.settings).ledger
    waiting = given(open_house(place.settings), [read_patch(TEXT, "waiting")], 3)
    job = build(catalogue(place.strategies), desk_resource).resolve_job_def(ABLATION)

    def run(toml: list[str], seed: int = 3) -> None:
        config = {"ops": {"patches": {"config": {"toml": toml, "seed": seed}}}}
        with dg.DagsterInstance.ephemeral() as instance:
            job.execute_in_process(instance=instance, run_config={**config, **QUIET})

    for toml, seed in (([TEXT, OTHER], 3), ([OTHER], 3), ([TEXT], 4)):
        with pytest.raises(CwsError, match=rf"CWS-SUPERVISE-002(?s:.*)ledger entry {waiting.id} "):
            run(toml, seed)
    assert len(ledger.entries("proposals")) == 1 and not ledger.entries("batch")
    # What it shipped before it was killed changes nothing any more, and is still what was given.
    with released([read_patch(TEXT, "shipped")]):
        run([TEXT])
    assert len(ledger.entries("cycle")) == len(ledger.entries("proposals")) == 1
    given(open_house(place.settings), [read_patch(OTHER, "waiting")], 3)
    run([])
    assert len(ledger.entries("cycle")) == len(ledger.entries("proposals")) == 2


def test_the_nightly_run_has_a_budget_and_is_off(definitions: dg.Definitions, real: Catalogue) -> None:
    schedule = definitions.resolve_schedule_def("supervisor")
    assert isinstance(schedule, dg.ScheduleDefinition) and schedule.job_name == CYCLE
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    job = definitions.resolve_job_def(CYCLE)
    assert job.run_config is not None and job.run_config["ops"]["patches"]["config"]["budget"] == NIGHTLY_SCORES
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert keys == {"findings", "patches", "verdicts"}


@pytest.mark.parametrize("job", [JOB, CYCLE, ABLATION])
def test_the_loops_own_runs_are_no_news(job: str) -> None:
    assert isinstance(asked(job, "r1"), dg.SkipReason)
    assert isinstance(asked("all_job", "r1"), dg.RunRequest)
