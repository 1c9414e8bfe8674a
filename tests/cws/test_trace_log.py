"""A run's traces: one commit at its end, also after a failure, in the month's part, read back in order."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_house import Place, make_place
from walking import publish_stages, unit_of, walked

from cws.house import House
from cws.stages import chain
from cws.trace_log import TABLE, keep_traces, month, no_traces, read_traces, tracing
from modules.errors import CwsError


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def test_all_units_of_a_run_are_one_commit(place: Place) -> None:
    house = place.house()
    with tracing(house):
        publish_stages(place, house, "ingest", "clean")
        assert read_traces(house).empty, "nothing is committed on the way"
    (commit,) = house.lake.history(TABLE)
    assert commit["rows"] == sum(len(chain(unit_of(place, stage))) for stage in ("ingest", "clean"))
    assert read_traces(house)["unit_stage"].drop_duplicates().tolist() == ["ingest", "clean"]


def test_a_run_that_fails_commits_its_traces_and_tells_what_failed(place: Place) -> None:
    place.source.write_bytes(b"")
    house = place.house()
    with pytest.raises(CwsError, match="CWS-INGEST"), tracing(house):
        walked(place, house, "ingest")
    last = read_traces(place.house()).iloc[-1]
    assert last["module"] == "csv_ohlcv" and "CWS-INGEST" in last["error"]
    assert last["signature"].startswith("CwsError:CWS-INGEST-")


def test_the_first_failure_is_told_when_the_traces_cannot_be_kept(place: Place) -> None:
    house = place.house()
    with pytest.raises(KeyboardInterrupt), tracing(house):
        walked(place, house, "ingest")
        house.lake.folder.mkdir(parents=True, exist_ok=True)
        (house.lake.folder / TABLE).write_text("a file where the table belongs")
        raise KeyboardInterrupt


def test_traces_that_cannot_be_kept_after_a_good_run_are_a_coded_error(place: Place) -> None:
    house = place.house()
    with pytest.raises(CwsError, match="CWS-LAKE-015"), tracing(house):
        walked(place, house, "ingest")
        (house.lake.folder / TABLE / "part=bad").mkdir(parents=True)
        (house.lake.folder / TABLE / "_delta_log").write_text("no folder")


def test_nothing_gathered_is_nothing_written(place: Place) -> None:
    house = place.house()
    assert keep_traces(house) == 0
    assert house.lake.tables() == []
    assert list(read_traces(house).columns) == list(no_traces().columns)


def at(place: Place, moment: datetime) -> House:
    house = place.house()
    return House(house.home, house.ledger, house.lake, lambda: int(moment.timestamp()) * 1_000_000_000)


def test_a_part_is_a_month_and_the_newest_are_read_without_the_others(place: Place) -> None:
    for moment in (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)):
        house = at(place, moment)
        with tracing(house):
            walked(place, house, "ingest")
    assert [pin.part for pin in place.house().lake.parts(TABLE)] == ["2026-10", "2026-11"]
    everything, newest = read_traces(place.house()), read_traces(place.house(), months=1)
    assert len(everything) == 2 * len(newest) and everything["ts_avail"].is_monotonic_increasing
    assert {month(ts) for ts in newest["ts_avail"]} == {"2026-11"}
