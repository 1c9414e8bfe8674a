"""A unit's way: pins in force, steps that leave the flow before them alone, publication that is all or nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_house import Place, make_place

from cws.flow import Flow, open_flow, open_pins, published, step
from cws.house import House
from cws.publish import publish
from cws.stages import Unit, chain
from cws.strategies import catalogue
from modules.canonical import combined_hash
from modules.errors import CwsError
from modules.sealed import Sealed
from modules.values import RawBytes, Table

DATA_STAGES, STAGES = ("ingest", "clean"), ("ingest", "clean", "feature", "backtest", "size", "execute")


def unit_of(place: Place, stage: str) -> Unit:
    chosen = catalogue(place.strategies)
    return Unit(stage, chosen.datasets["small"], None if stage in DATA_STAGES else chosen.strategy("small_reversal"))


def walked(place: Place, house: House, stage: str) -> Flow:
    """The stage's flow after its last module."""
    unit = unit_of(place, stage)
    flow = open_flow(house, unit, place.strategies, "run 1")
    for bound in chain(unit):
        flow = step(house, flow, bound)
    return flow


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


@pytest.fixture
def backtested(place: Place) -> House:
    """A house in which the stages up to the backtest have been published, without Dagster."""
    house = place.house()
    for stage in STAGES[:4]:
        publish(house, walked(place, house, stage))
    return house


def test_a_stage_waits_for_the_one_before_it(place: Place) -> None:
    with pytest.raises(CwsError, match="CWS-STAGE-001") as refusal:
        open_pins(place.house(), unit_of(place, "clean"))
    assert "raw_bars/small" in refusal.value.what


def test_ingest_opens_the_bytes_and_keeps_them(place: Place) -> None:
    house = place.house()
    raw = open_flow(house, unit_of(place, "ingest"), place.strategies, "run 1").tables["raw"]
    assert isinstance(raw, RawBytes) and raw.data == place.source.read_bytes()
    assert (house.home.raw / raw.hash.removeprefix("b3:")).read_bytes() == raw.data


def test_a_step_makes_a_new_flow(place: Place) -> None:
    house, unit = place.house(), unit_of(place, "ingest")
    before = open_flow(house, unit, place.strategies, "run 1")
    after = step(house, before, chain(unit)[0])
    assert (set(before.tables), before.traces) == ({"raw"}, ())
    assert set(after.tables) == {"raw", "sessions"} and [trace.module for trace in after.traces] == [
        "exchange_sessions"
    ]


def test_the_same_way_without_dagster_publishes_the_same_data(place: Place, backtested: House, tmp_path: Path) -> None:
    other = make_place(tmp_path / "other")
    assert other.run().succeeded
    mine, theirs = published(backtested), published(other.house())
    stated = {key: pin.hash for key, pin in mine.items()}
    assert stated == {key: theirs[key].hash for key in stated} and ("equity", "small_reversal") in stated


def test_a_backtest_stays_sealed_until_it_is_published(place: Place, backtested: House) -> None:
    flow = walked(place, backtested, "backtest")
    closed = {name for name, value in flow.tables.items() if isinstance(value, Sealed)}
    assert {"equity", "holdings", "trades", "stats"} <= closed
    report = publish(backtested, flow)
    assert report.details["looks"] == 2 and backtested.lake.read(report.pins["equity"])["equity_usd"].iloc[-1] > 0.0


def test_a_report_adds_up_and_its_version_is_its_content(place: Place, backtested: House) -> None:
    report = publish(backtested, walked(place, backtested, "size"))
    assert report.rows_in + report.rows_added == report.rows_out + report.rows_quarantined
    assert report.data_version == combined_hash({name: pin.hash for name, pin in report.pins.items()})
    entry = backtested.ledger.entries("stage")[-1]
    assert entry.index == report.details["ledger_index"] and entry.body["checks"] == report.checks_passed
    assert set(entry.body) >= {"inputs", "outputs", "settings", "recipe", "code_version", "environment", "run_id"}


def head(house: House) -> tuple[object, object]:
    return published(house), [e for e in house.ledger.entries() if e.kind in ("stage", "trial")]


def test_rows_that_do_not_add_up_publish_nothing(place: Place, backtested: House) -> None:
    flow, before = walked(place, backtested, "clean"), head(backtested)
    bars = flow.tables["bars"]
    assert isinstance(bars, Table)
    short = replace(
        flow, tables={**flow.tables, "bars": Table(bars.frame.iloc[1:].reset_index(drop=True), "b3:", "bars")}
    )
    with pytest.raises(CwsError, match="CWS-STAGE-002"):
        publish(backtested, short)
    assert head(backtested) == before


def test_sizing_that_was_not_tested_publishes_nothing(place: Place, backtested: House) -> None:
    before = head(backtested)
    text = place.strategy.read_text()
    place.strategy.write_text(text + "\n[settings.leverage_cap]\nmax_gross = 0.5\n")
    with pytest.raises(CwsError, match="CWS-STAGE-004"):
        publish(backtested, walked(place, backtested, "size"))
    assert head(backtested) == before
    publish(backtested, walked(place, backtested, "backtest"))
    assert publish(backtested, walked(place, backtested, "size")).rows_out > 0
    assert len({entry.body["key"] for entry in backtested.ledger.entries("trial")}) == 2


def test_breaks_between_orders_and_fills_publish_nothing(place: Place, backtested: House) -> None:
    publish(backtested, walked(place, backtested, "size"))
    flow, before = walked(place, backtested, "execute"), head(backtested)
    breaks = flow.tables["breaks"]
    assert isinstance(breaks, Table)
    row = {"cl_ord_id": "x", "symbol": "AAA", "kind": "overfilled", "expected": 1.0, "found": 2.0}
    broken = Table(breaks.frame.iloc[:0].reindex([0]).assign(**row), "b3:", "breaks")
    with pytest.raises(CwsError, match="CWS-STAGE-003") as refusal:
        publish(backtested, replace(flow, tables={**flow.tables, "breaks": broken}))
    assert "overfilled" in refusal.value.what and head(backtested) == before
    assert publish(backtested, flow).rows_out > 0


def test_a_module_that_fails_leaves_its_trace_and_raises(place: Place) -> None:
    place.source.write_bytes(b"")
    house, unit = place.house(), unit_of(place, "ingest")
    flow = open_flow(house, unit, place.strategies, "run 1")
    with pytest.raises(CwsError, match="CWS-INGEST"):
        for bound in chain(unit):
            flow = step(house, flow, bound)
    traces = house.lake.read(house.lake.pin("traces", "small.ingest"))
    assert traces["module"].tolist() == ["exchange_sessions", "csv_ohlcv"]
    assert traces["error"].tolist()[0] == "" and "CWS-INGEST" in traces["error"].tolist()[1]
    assert published(house) == {}


def test_pins_name_the_table_of_a_published_unit_alone(place: Place, backtested: House) -> None:
    # Committed but not named by a stage's entry: invisible to the next stage.
    bars = backtested.lake.read(published(backtested)["ohlcv", "small"])
    later = backtested.lake.commit("ohlcv", "small", bars.iloc[:-1].reset_index(drop=True))
    assert published(backtested)["ohlcv", "small"].version < later.version
    flow = open_flow(backtested, unit_of(place, "feature"), place.strategies, "run 2")
    assert flow.tables["bars"].rows == len(bars)
