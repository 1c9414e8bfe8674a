"""A unit's way: steps that leave the flow before them alone, refusals that name their place, one way with Dagster."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_house import Place, make_place
from walking import publish_stages, unit_of, walked

from cws.flow import open_flow, step
from cws.house import House
from cws.pins import published
from cws.publish import publish
from cws.stages import chain
from cws.trace_log import keep_traces, read_traces
from modules.errors import CwsError
from modules.values import RawBytes, Table


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


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


def test_the_same_way_without_dagster_publishes_the_same_data(place: Place, tmp_path: Path) -> None:
    publish_stages(place, place.house())
    other = make_place(tmp_path / "other")
    assert other.run().succeeded
    mine, theirs = published(place.house()), published(other.house())
    assert {key: pin.hash for key, pin in mine.items()} == {key: pin.hash for key, pin in theirs.items()}
    assert ("book", "small_reversal") in mine


def test_a_module_that_fails_leaves_its_trace_and_raises(place: Place) -> None:
    place.source.write_bytes(b"")
    house, unit = place.house(), unit_of(place, "ingest")
    flow = open_flow(house, unit, place.strategies, "run 1")
    with pytest.raises(CwsError, match="CWS-INGEST") as refusal:
        for bound in chain(unit):
            flow = step(house, flow, bound)
    assert refusal.value.where.startswith("bars.csv"), "the file is named"
    keep_traces(house)
    traces = read_traces(house)
    assert traces["module"].tolist() == ["exchange_sessions", "csv_ohlcv"]
    assert traces["error"].tolist()[0] == "" and "CWS-INGEST" in traces["error"].tolist()[1]
    assert published(house) == {}


def test_a_refusal_after_ingest_names_its_unit(executed: Place, house: House) -> None:
    flow = open_flow(house, unit_of(executed, "size"), executed.strategies, "run 1")
    equity = flow.tables["equity"]
    assert isinstance(equity, Table)
    short = Table(equity.frame.iloc[:1], "b3:", equity.schema)
    with pytest.raises(CwsError) as refusal:
        flow = replace(flow, tables={**flow.tables, "equity": short})
        for bound in chain(flow.unit):
            flow = step(house, flow, bound)
    assert refusal.value.where.startswith("size of small_reversal")


def test_another_execution_setting_is_another_trial_of_the_ledger(executed: Place, house: House) -> None:
    executed.strategy.write_text(f"{executed.strategy.read_text()}\n[settings.paper_fill]\ncost_bps = 50.0\n")
    publish(house, walked(executed, house, "backtest"))
    first, second = (entry.body for entry in house.ledger.entries("trial"))
    assert first["settings"] != second["settings"] and first["key"] != second["key"]
    assert first["data"] == second["data"]
