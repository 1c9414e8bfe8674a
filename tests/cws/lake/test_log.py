import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable
from lakes import SPECS, make_bars

from cws.lake.lake import Lake
from cws.lake.log import commit_path
from cws.ledger.ledger import Ledger
from modules.canonical import content_hash
from modules.errors import CwsError


def log_file(lake: Lake, version: int) -> Path:
    return lake.folder / "bars" / commit_path(version)


def four_versions(lake: Lake) -> None:
    lake.commit("bars", "p0", make_bars(20, 0))
    lake.commit("bars", "p1", make_bars(20, 1))
    lake.commit("bars", "p0", make_bars(10, 2))
    lake.append("bars", "p1", make_bars(5, 3))


def reads(lake: Lake) -> list[Callable[[], object]]:
    pin = lake.pin("bars", "p1")
    return [
        lambda: lake.read(pin),
        lambda: lake.pin("bars", "p0"),
        lambda: lake.parts("bars"),
        lambda: lake.history("bars"),
        lake.tables,
        lake.recover,
        lambda: lake.commit("bars", "p0", make_bars(3)),
        lambda: lake.append("bars", "p0", make_bars(3)),
    ]


def assert_all_refuse(calls: list[Callable[[], object]], code: str, where: str) -> None:
    for call in calls:
        with pytest.raises(CwsError) as refused:
            call()
        assert refused.value.code == code
        assert where in refused.value.where


def test_other_tools_read_every_version_as_the_ledger_has_it(lake: Lake) -> None:
    four_versions(lake)
    for version in range(4):
        table = DeltaTable(str(lake.folder / "bars"), version=version)
        pins = [lake.pin("bars", part, version) for part in (["p0"] if version == 0 else ["p0", "p1"])]
        files = {file.path for pin in pins for commit in lake.index.content(pin) for file in commit.files}
        assert {Path(uri).relative_to(lake.folder / "bars").as_posix() for uri in table.file_uris()} == files
        found = table.to_pandas()
        for pin in pins:
            theirs = found[found["part"] == pin.part].drop(columns="part").sort_values(["symbol", "ts_event", "close"])
            ours = lake.read(pin).sort_values(["symbol", "ts_event", "close"])
            pd.testing.assert_frame_equal(theirs.reset_index(drop=True), ours.reset_index(drop=True), check_dtype=False)


def test_no_checkpoint_replaces_the_commit_files(lake: Lake) -> None:
    for seed in range(102):
        lake.append("bars", "p", make_bars(1, seed))
    assert sorted(path.name for path in log_file(lake, 0).parent.iterdir()) == [f"{v:020d}.json" for v in range(102)]
    assert len(lake.read(lake.pin("bars", "p"))) == 102


@pytest.mark.parametrize("version", range(4))
@pytest.mark.parametrize("damage", ["flip", "empty", "gone"])
def test_a_damaged_commit_file_refuses_every_read_and_write(lake: Lake, version: int, damage: str) -> None:
    four_versions(lake)
    calls, path = reads(lake), log_file(lake, version)
    good = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"" if damage == "empty" else good[:50] + bytes([good[50] ^ 1]) + good[51:])
    code = "CWS-LAKE-009" if damage == "gone" else "CWS-LAKE-010"
    assert_all_refuse(calls, code, f"table bars, version {version}, file {commit_path(version)}")
    path.write_bytes(good)
    assert len(lake.read(lake.pin("bars", "p1"))) == 25


def test_every_one_of_60_flips_in_commit_files_is_refused(lake: Lake) -> None:
    four_versions(lake)
    pin, random = lake.pin("bars", "p1"), np.random.default_rng(11)
    for _ in range(60):
        path = log_file(lake, int(random.integers(4)))
        good = path.read_bytes()
        bad, bit = bytearray(good), int(random.integers(len(good) * 8))
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        assert_all_refuse([lambda: lake.read(pin)], "CWS-LAKE-010", path.name)
        path.write_bytes(good)


def test_a_read_of_an_old_pin_needs_the_log_up_to_it(lake: Lake) -> None:
    four_versions(lake)
    old = lake.pin("bars", "p0", 0)
    log_file(lake, 3).unlink()
    assert content_hash(lake.read(old)) == old.hash


@pytest.mark.parametrize(
    "name",
    [f"{5:020d}.json", f"{2:020d}.checkpoint.parquet", "_last_checkpoint", f"{1:020d}.{2:020d}.compacted.json", "x"],
)
def test_an_unknown_file_in_the_log_is_refused(lake: Lake, name: str) -> None:
    four_versions(lake)
    calls = reads(lake)
    shutil.copy(log_file(lake, 3), log_file(lake, 3).with_name(name))
    assert_all_refuse(calls, "CWS-LAKE-011", name)


def test_a_commit_of_somebody_else_is_invisible_and_put_aside(lake: Lake) -> None:
    four_versions(lake)
    before = lake.pin("bars", "p0")
    DeltaTable(str(lake.folder / "bars")).delete("part = 'p0'")
    assert log_file(lake, 4).exists()
    assert lake.pin("bars", "p0") == before
    assert lake.commit("bars", "p0", make_bars(7)).version == 4
    assert [path.name for path in (lake.folder / "bars" / "_orphans").iterdir()] == [f"_delta_log__{4:020d}.json.0"]
    assert DeltaTable(str(lake.folder / "bars")).version() == 4


def test_a_ledger_of_another_lake_puts_nothing_aside(lake: Lake, tmp_path: Path) -> None:
    four_versions(lake)
    stranger = Lake(lake.folder, Ledger(tmp_path / "empty"), SPECS)
    assert_all_refuse([stranger.recover, lambda: stranger.commit("bars", "p", make_bars(1))], "CWS-LAKE-011", "bars")
    assert len(lake.read(lake.pin("bars", "p1"))) == 25
