"""The main job runs what was asked, says what failed, and leaves its mark in the ledger."""

from pathlib import Path

import pytest
from small_house import make_place

from cws_dagster.main_job import run
from modules.contract import STAGES
from modules.errors import CwsError


def test_reports_stand_in_the_order_of_the_stages(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    seen: list[tuple[str, str]] = []
    outcome = run(place.settings, (), lambda stage, unit, module, done, total: seen.append((stage, module)))
    assert outcome.succeeded and [report.stage for report in outcome.reports] == list(STAGES)
    assert [stage for stage, module in seen if module == "publish"] == list(STAGES)
    assert seen[0] == ("ingest", "open") and outcome.checks_passed == sum(r.checks_passed for r in outcome.reports) + 4
    (first, *_) = place.house().ledger.entries()
    assert first.kind == "run" and first.body["strategies"] == ["small_reversal"]


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
