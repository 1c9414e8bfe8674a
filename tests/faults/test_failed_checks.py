"""A check that fails really stops its stage: no later op, no commit, failure as the exit, and the check by name."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest
from small_house import Place, good_lines, make_place, text, visible

from cws.stages import COMMITS, chain, units
from cws.strategies import catalogue
from cws_dagster.cli import main
from cws_dagster.instance import instance_at
from modules.contract import STAGES, Check
from modules.registry import load

HOLDS_CHECKS = {"module_traces"}  # what a failed run leaves on purpose


@dataclass(frozen=True)
class Steps:
    """What Dagster's event log says: steps begun (less the asset's prefix), and assets materialised."""

    begun: list[str]
    materialised: set[str]


def steps_of(place: Place) -> Steps:
    with instance_at(place.house().home.dagster) as instance:
        (run,) = instance.get_run_records(limit=1)
        records = instance.get_records_for_run(run.dagster_run.run_id, limit=10_000).records
    events = [r.event_log_entry.dagster_event for r in records if r.event_log_entry.dagster_event is not None]
    begun = [event.step_key or "" for event in events if event.event_type == dg.DagsterEventType.STEP_START]
    made = {
        event.asset_key.to_user_string()
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION and event.asset_key is not None
    }
    return Steps(begun, made)


def fail_check(monkeypatch: pytest.MonkeyPatch, module: str, place: int) -> str:
    """Let a real module's acceptance check find that its real output is wrong; returns the check's name."""
    found = load(module)
    changed = list(found.acceptance)
    changed[place] = replace(changed[place], judge=lambda before, after: Check(False, 7.0, "<= 6"))
    monkeypatch.setattr(found, "acceptance", changed)
    return f"{module}__{changed[place].name}"


def expected_steps(place: Place, stage: str, module: str) -> list[str]:
    """The ops of a unit up to the checks of `module`, in the form of step keys."""
    unit = units(catalogue(place.strategies), stage)[0]
    asset, keys = f"{stage}__{unit.name}", ["open"]
    for bound in chain(unit):
        keys += [bound.module.name, *(f"{bound.module.name}__{a.name}" for a in bound.module.acceptance)]
        if bound.module.name == module:
            break
    return [f"{asset}.{key}" for key in keys]


FAILING = [
    ("ingest", "exchange_sessions", 0),
    ("clean", "session_filter", 0),
    ("backtest", "vector_panel", 0),
    ("execute", "paper_fill", 0),
]


@pytest.mark.parametrize(("stage", "module", "place_of_check"), FAILING, ids=lambda value: str(value))
def test_a_failed_check_leaves_no_later_op_and_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, module: str, place_of_check: int
) -> None:
    place = make_place(tmp_path / "place")
    check = fail_check(monkeypatch, module, place_of_check)
    outcome = place.run()
    assert not outcome.succeeded
    asset = f"{stage}/{'small' if stage in ('ingest', 'clean') else 'small_reversal'}"
    (failed,) = outcome.failed_checks
    assert failed == f"{asset}: {check} (measured 7.0, bound <= 6)"
    steps, before = steps_of(place), STAGES[: STAGES.index(stage)]
    ran = [step for step in steps.begun if step.startswith(asset.replace("/", "__") + ".")]
    assert sorted(ran) == sorted(expected_steps(place, stage, module))
    assert {step.split("__")[0] for step in steps.begun} == {*before, stage}
    assert not any(step.startswith("execute__book") for step in steps.begun)
    assert {name.split("/")[0] for name in steps.materialised} == set(before)
    allowed = {t for s in before for t in COMMITS[s].values()} | HOLDS_CHECKS
    allowed |= ({"quarantine"} if before else set()) | ({"features"} if "feature" in before else set())
    allowed |= {"trials"} if "backtest" in before else set()
    assert {row["table"] for row in place.house().lake.tables()} <= allowed
    assert {report.stage for report in outcome.reports} == set(before)
    # A backtest that is not right is never opened, so nobody looked at it.
    assert len(place.house().ledger.entries("trial")) == ("backtest" in before)


def test_the_failed_check_stands_in_the_traces_with_what_it_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_place(tmp_path / "place")
    fail_check(monkeypatch, "exchange_sessions", 0)
    place.run()
    lake = place.house().lake
    assert [row["table"] for row in lake.tables()] == ["module_traces"]
    (pin,) = lake.parts("module_traces")
    trace = lake.read(pin).iloc[-1]
    assert (trace["stage"], trace["module"], trace["error"]) == ("ingest", "exchange_sessions", "")
    first = json.loads(trace["checks"])[0]
    assert (first["passed"], first["measured"], first["bound"]) == (False, "7.0", "<= 6")


def test_what_was_published_before_stays_in_force(copied: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rerun on changed data fails in the middle of clean: yesterday's bars and everything after them stand."""
    before = visible(copied.house())
    copied.source.write_bytes(text(good_lines()[:-1]))
    fail_check(monkeypatch, "session_filter", 0)
    assert not copied.run().succeeded
    after = visible(copied.house())
    assert {key for key, pin in after["pins"].items() if pin != before["pins"][key]} == {("raw_bars", "small")}


def wide_bar(line: str) -> str:
    """A high half a unit below the low."""
    symbol, date, *_ = line.split(",")
    return f"{symbol},{date},50.0,49.6,50.1,50.0,100"


def test_a_suite_at_the_edge_that_fails_by_settings_and_data_stops_the_publication(
    copied: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sanity is told to tolerate a whole unit of price: what it then lets through, the lake's edge refuses."""
    before, lines = visible(copied.house()), list(good_lines())
    lines[9] = wide_bar(lines[9])
    copied.source.write_bytes(text(lines))
    copied.edit(
        copied.dataset,
        "[settings.exchange_sessions]",
        "[settings.bar_sanity]\ntolerance_price = 1.0\n\n[settings.exchange_sessions]",
    )
    monkeypatch.setenv("CWS_HOME", str(copied.home))
    monkeypatch.setenv("CWS_STRATEGIES", str(copied.strategies))
    monkeypatch.setenv("CWS_VIEWS", "off")
    assert main(["run", "--json"]) == 1
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["checks"]["failed"] == 1
    assert [name.split(" (")[0] for name in summary["failed_checks"]] == ["clean/small: suite__ohlcv"]
    assert "clean__small.publish" not in steps_of(copied).begun
    after = visible(copied.house())
    assert {key for key, pin in after["pins"].items() if pin != before["pins"][key]} == {("raw_bars", "small")}
