from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from lakes import SCHEMA, SPECS, make_bars, open_lake

from cws.lake.lake import Lake
from cws.lake.tables import TableSpec
from cws.ledger.ledger import Ledger
from modules.canonical import content_hash
from modules.errors import CwsError


def same(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    return content_hash(left) == content_hash(right)


@pytest.mark.parametrize("rows", [0, 1, 50])
def test_what_was_committed_is_read(lake: Lake, rows: int) -> None:
    bars = make_bars(rows)
    pin = lake.commit("bars", "xtks", bars)
    assert (pin.version, pin.rows, pin.hash) == (0, rows, content_hash(bars))
    pd.testing.assert_frame_equal(lake.read(pin), bars)
    assert lake.pin("bars", "xtks") == pin


def test_the_same_content_again_makes_no_version(lake: Lake) -> None:
    pin = lake.commit("bars", "xtks", make_bars(9))
    assert lake.commit("bars", "xtks", make_bars(9)) == pin
    assert len(lake.history("bars")) == 1
    assert lake.commit("bars", "xnys", make_bars(9)).version == 1
    assert lake.commit("bars", "xtks", make_bars(9, seed=1)).version == 2
    assert lake.commit("bars", "xtks", make_bars(9)).version == 3


def test_every_version_of_two_parts_stays_readable(lake: Lake) -> None:
    frames = [make_bars(rows, seed=rows) for rows in range(1, 9)]
    pins = [lake.commit("bars", f"p{turn % 2}", frame) for turn, frame in enumerate(frames)]
    for version, (pin, frame) in enumerate(zip(pins, frames, strict=True)):
        assert same(lake.read(pin), frame)
        assert lake.pin("bars", pin.part, version) == pin
    assert lake.pin("bars", "p0", 7) == pins[6]
    assert lake.parts("bars") == [pins[6], pins[7]]


def test_append_adds_rows_and_keeps_the_versions_before(lake: Lake) -> None:
    first = lake.append("bars", "p", make_bars(3, 1))
    second = lake.append("bars", "p", make_bars(4, 2))
    assert (first.hash, second.rows) == (content_hash(make_bars(3, 1)), 7)
    assert same(lake.read(second), pd.concat([make_bars(3, 1), make_bars(4, 2)], ignore_index=True))
    assert same(lake.read(first), make_bars(3, 1))
    replaced = lake.commit("bars", "p", make_bars(2, 3))
    third = lake.append("bars", "p", make_bars(1, 4))
    assert (replaced.rows, third.rows, len(lake.read(third))) == (2, 3, 3)
    assert lake.append("bars", "p", make_bars(0)) == third


def test_the_hash_after_appends_says_which_batches(tmp_path: Path) -> None:
    hashes = set[str]()
    for name, seeds in {"a": (1, 2), "b": (2, 1), "c": (1, 2)}.items():
        lake = open_lake(tmp_path / name)
        hashes.add([lake.append("bars", "p", make_bars(3, seed)) for seed in seeds][-1].hash)
    assert len(hashes) == 2


def test_point_in_time(lake: Lake) -> None:
    bars = make_bars(20)
    pin = lake.commit("bars", "p", bars)
    assert len(lake.read(pin, as_of_ns=499)) == 0
    seen = lake.read(pin, ["close"], as_of_ns=7_500)
    assert list(seen.columns) == ["close"]
    assert len(seen) == 8
    pd.testing.assert_frame_equal(lake.read(pin, as_of_ns=7_500), bars[:8])


def test_columns_come_in_the_asked_order(lake: Lake) -> None:
    pin = lake.commit("bars", "p", make_bars(5))
    assert list(lake.read(pin, ["halted", "symbol"]).columns) == ["halted", "symbol"]


def test_what_is_there_is_listed(lake: Lake) -> None:
    assert lake.tables() == []
    assert lake.history("bars") == []
    lake.commit("bars", "p", make_bars(5))
    lake.append("bars", "q", make_bars(3))
    (table,) = lake.tables()
    assert (table["table"], table["version"], table["parts"], table["rows"]) == ("bars", 1, 2, 8)
    assert [(row["version"], row["mode"], row["part"]) for row in lake.history("bars")] == [
        (0, "replace", "p"),
        (1, "append", "q"),
    ]


def test_another_process_sees_each_commit(tmp_path: Path) -> None:
    writer, reader = open_lake(tmp_path), open_lake(tmp_path)
    for seed in range(3):
        pin = writer.commit("bars", "p", make_bars(5, seed))
        assert reader.pin("bars", "p") == pin
        pin = reader.commit("bars", "p", make_bars(6, seed))
        assert same(writer.read(pin), make_bars(6, seed))


def test_a_commit_costs_one_ledger_entry_and_a_read_none(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    lake = Lake(tmp_path / "lake", ledger, SPECS)
    pin = lake.commit("bars", "p", make_bars(5))
    ledger.append("run", {"by": "somebody else"})
    lake.read(pin)
    lake.commit("bars", "p", make_bars(6))
    assert [entry.kind for entry in ledger.entries()] == ["lake_commit", "run", "lake_commit"]


@pytest.mark.parametrize("part", ["", "a/b", "../x", "A", "a b", "x" * 65, "ü", "a\n", "p=1", "a%2fb"])
def test_a_part_that_could_be_a_path_is_refused(lake: Lake, part: str) -> None:
    with pytest.raises(CwsError) as refused:
        lake.commit("bars", part, make_bars(1))
    assert refused.value.code == "CWS-LAKE-002"
    assert not (lake.folder / "bars").exists()


def test_two_dots_behind_the_equals_sign_are_a_plain_folder_name(lake: Lake) -> None:
    pin = lake.commit("bars", "..", make_bars(1))
    assert same(lake.read(pin), make_bars(1))
    assert (lake.folder / "bars" / "part=..").is_dir()


@pytest.mark.parametrize("table", ["bar", "../bars", "", "/etc", "_delta_log"])
def test_an_unknown_table_is_refused_everywhere(lake: Lake, table: str) -> None:
    pin = lake.commit("bars", "p", make_bars(1))
    calls = [
        lambda: lake.commit(table, "p", make_bars(1)),
        lambda: lake.append(table, "p", make_bars(1)),
        lambda: lake.pin(table, "p"),
        lambda: lake.parts(table),
        lambda: lake.history(table),
        lambda: lake.read(replace(pin, table=table)),
    ]
    for call in calls:
        with pytest.raises(CwsError, match="CWS-LAKE-001"):
            call()
    with pytest.raises(CwsError, match="did you mean 'bars'"):
        lake.pin("bar", "p")


@pytest.mark.parametrize(("part", "version"), [("q", None), ("p", 0), ("p", 2), ("p", -1)])
def test_a_pin_that_does_not_exist_is_refused(lake: Lake, part: str, version: int | None) -> None:
    lake.commit("bars", "other", make_bars(1))
    lake.commit("bars", "p", make_bars(1))
    with pytest.raises(CwsError) as refused:
        lake.pin("bars", part, version)
    assert refused.value.code == "CWS-LAKE-007"


def test_a_refused_frame_leaves_nothing(lake: Lake) -> None:
    with pytest.raises(CwsError, match="CWS-LAKE-006"):
        lake.commit("bars", "p", make_bars(5).iloc[::-1])
    assert not lake.folder.exists()


def test_other_columns_than_the_stored_ones_are_refused(lake: Lake, tmp_path: Path) -> None:
    pin = lake.commit("bars", "p", make_bars(5))
    wider = pa.schema([*SCHEMA, pa.field("extra", pa.int64(), nullable=False)])
    changed = Lake(lake.folder, Ledger(tmp_path / "ledger"), {"bars": TableSpec("bars", wider, (), "")})
    with pytest.raises(CwsError) as refused:
        changed.commit("bars", "p", make_bars(5).assign(extra=1))
    assert refused.value.code == "CWS-LAKE-013"
    assert same(changed.read(pin), make_bars(5))
