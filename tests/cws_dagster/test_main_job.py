"""The main job runs what was asked, says what failed, and leaves its mark in the ledger."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from small_house import Place, copy_place, make_place
from walking import kept

from assets.desk import Desk
from assets.wiring import asset_key, check_specs
from cws.stages import units
from cws.strategies import catalogue
from cws_dagster.instance import instance_at
from cws_dagster.lineage import build
from cws_dagster.main_job import QUIET, Outcome, run
from modules.contract import STAGES
from modules.errors import CwsError


def checks_of(place: Place) -> Counter[str]:
    """Acceptance checks and suites by stage, as the catalogue composes them."""
    found = catalogue(place.strategies)
    return Counter({stage: len(check_specs(unit, asset_key(unit))) for stage in STAGES for unit in units(found, stage)})


def test_reports_stand_in_the_order_of_the_stages(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    seen: list[tuple[str, str]] = []
    outcome = run(place.settings, (), lambda stage, unit, module, done, total: seen.append((stage, module)))
    assert outcome.succeeded and [report.stage for report in outcome.reports] == list(STAGES)
    assert [stage for stage, module in seen if module == "publish"] == list(STAGES)
    assert seen[0] == ("ingest", "open") and outcome.checks_passed == checks_of(place)
    (first, *_) = place.house().ledger.entries()
    assert first.kind == "run" and first.body["strategies"] == ["small_reversal"]


def executed(outcome: Outcome) -> list[str]:
    """The execute assets that the latest run materialised, from Dagster's own log."""
    with instance_at(outcome.house.home.dagster) as instance:
        (found,) = instance.get_run_records(limit=1)
        logs = instance.all_logs(found.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        assert found.dagster_run.job_name == "all_job"
    keys = [log.dagster_event.asset_key for log in logs if log.dagster_event is not None]
    return sorted(key.path[1] for key in keys if key is not None and key.path[0] == "execute")


@dataclass(frozen=True)
class Half:
    """Two strategies on one dataset, of which one alone was asked for."""

    place: Place
    outcome: Outcome


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Half:
    place = make_place(tmp_path_factory.mktemp("half") / "place")
    (place.strategies / "small_other.toml").write_text(place.strategy.read_text().replace("weekly", "monthly"))
    return Half(place, run(place.settings, ("small_reversal",)))


def test_a_chosen_strategy_leaves_the_book_and_the_others_alone(half: Half) -> None:
    assert half.outcome.succeeded and executed(half.outcome) == ["small_reversal"]
    assert {report.unit for report in half.outcome.reports} == {"small", "small_reversal"}


def materialise(place: Place, *keys: str) -> list[str]:
    """Chosen assets alone, as somebody does in the UI; returns the reasons of failed steps."""
    house = place.house()
    desk = Desk(house, place.strategies, views="off")
    job = build(catalogue(place.strategies), desk).resolve_job_def("all_job")
    with instance_at(house.home.dagster) as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
            raise_on_error=False,
            run_config=QUIET,
        )
    errors = [event.step_failure_data.error for event in result.get_step_failure_events()]
    return [str(error.cause.message if error is not None and error.cause is not None else error) for error in errors]


def test_the_book_waits_until_every_strategy_was_executed(half: Half, tmp_path: Path) -> None:
    (refusal,) = materialise(copy_place(half.place, tmp_path / "copied"), "execute/book")
    assert "CWS-STAGE-006" in refusal and "execute of small_other" in refusal


def test_one_asset_alone_under_other_settings_writes_no_byte_and_a_full_run_is_a_trial(
    half: Half, tmp_path: Path
) -> None:
    place = copy_place(half.place, tmp_path / "copied")
    place.strategy.write_text(f"{place.strategy.read_text()}\n[settings.paper_fill]\ncost_bps = 50.0\n")
    before = kept(place.house())
    for stage in ("size", "execute"):
        (refusal,) = materialise(place, f"{stage}/small_reversal")
        assert "CWS-STAGE-007" in refusal and kept(place.house()) == before
    outcome = run(place.settings)
    assert outcome.succeeded and executed(outcome) == ["book", "small_other", "small_reversal"]
    asked = [entry.body for entry in place.house().ledger.entries("trial")]
    assert len({body["key"] for body in asked if body["strategy"] == "small_reversal"}) == 2


def test_an_unknown_strategy_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with pytest.raises(CwsError, match="CWS-STRATEGY-006") as refusal:
        run(place.settings, ("smal_reversal",))
    assert "small_reversal" in refusal.value.fix and not place.home.exists()


def test_what_fails_is_named_and_what_stands_before_it_stays(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.source.write_bytes(b"not,a,table\n1,2,3\n")
    outcome = run(place.settings)
    assert not outcome.succeeded and outcome.reports == []
    assert [error.split(":")[0] for error in outcome.errors] == ["ingest__small.csv_ohlcv"]
    assert "CWS-" in outcome.errors[0]
