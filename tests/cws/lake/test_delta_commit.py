import json
from pathlib import Path

import pytest
from deltalake import DeltaTable
from lakes import make_bars

from cws.lake import delta_commit
from cws.lake.delta_commit import put_commit
from cws.lake.files import FileRef
from cws.lake.fsck import fsck
from cws.lake.lake import Lake
from cws.lake.log import commit_path
from modules.errors import CwsError

DATA = FileRef("part=p/new.parquet", "ab", 10, 3)
OLD = FileRef("part=p/old.parquet", "cd", 20, 5)


def actions(path: Path) -> list[dict[str, dict[str, object]]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_append_adds_and_a_replacement_also_removes(tmp_path: Path) -> None:
    put_commit(tmp_path / "1.json", "p", DATA, [], 1_000)
    put_commit(tmp_path / "2.json", "p", DATA, [OLD, OLD], 1_000)
    assert [next(iter(action)) for action in actions(tmp_path / "1.json")] == ["commitInfo", "add"]
    info, add, *removes = actions(tmp_path / "2.json")
    assert (info["commitInfo"]["timestamp"], add["add"]["size"], add["add"]["partitionValues"]) == (
        1_000,
        10,
        {"part": "p"},
    )
    assert add["add"]["stats"] == '{"numRecords": 3}'
    assert [(r["remove"]["path"], r["remove"]["size"]) for r in removes] == [("part=p/old.parquet", 20)] * 2


def test_a_version_that_somebody_committed_first_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "1.json"
    path.write_text("theirs")
    with pytest.raises(FileExistsError):
        put_commit(path, "p", DATA, [], 1_000)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("1.json", "theirs")]


def test_a_commit_that_fails_before_its_link_leaves_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    pin = lake.commit("bars", "p", make_bars(5, 1))

    def refuse(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(delta_commit.os, "link", refuse)
        with pytest.raises(CwsError, match="CWS-LAKE-015"):
            lake.commit("bars", "p", make_bars(6, 2))
    assert lake.pin("bars", "p") == pin
    assert fsck(lake) == []
    assert lake.commit("bars", "p", make_bars(6, 2)).version == 1


def test_delta_rs_agrees_about_many_versions_of_two_parts(lake: Lake) -> None:
    for turn in range(30):
        write = lake.commit if turn % 7 == 6 else lake.append
        write("bars", f"p{turn % 2}", make_bars(turn + 1, turn))
    table = DeltaTable(str(lake.folder / "bars"))
    ours = {f.path for pin in lake.parts("bars") for commit in lake.index.content(pin) for f in commit.files}
    assert {Path(uri).relative_to(lake.folder / "bars").as_posix() for uri in table.file_uris()} == ours
    assert table.version() == 29
    assert len(table.to_pandas()) == sum(pin.rows for pin in lake.parts("bars"))
    assert len(table.history()) == 30


def test_a_commit_looks_into_no_earlier_commit(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digests of earlier commits are remembered by their stamps, and nothing else opens them."""
    for seed in range(5):
        lake.append("bars", "p", make_bars(2, seed))
    opened: list[str] = []
    real = Path.open
    monkeypatch.setattr("cws.lake.files.YOUNG_NS", -1)
    lake.pin("bars", "p")
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: (opened.append(self.name), real(self, *a, **k))[1])
    monkeypatch.setattr(DeltaTable, "__init__", lambda *_, **__: pytest.fail("delta-rs reads all earlier commits"))
    lake.append("bars", "p", make_bars(2, 9))
    assert f"{5:020d}.json" in opened
    assert not {f"{version:020d}.json" for version in range(5)} & set(opened)
    assert (lake.folder / "bars" / commit_path(5)).exists()
