from pathlib import Path

import pytest
from lakes import make_bars, untimed

from cws.lake.fsck import Problem, fsck
from cws.lake.lake import Lake
from cws.lake.log import commit_path


@pytest.fixture
def filled(lake: Lake) -> Lake:
    lake.commit("bars", "p", make_bars(20, 0))
    lake.commit("bars", "p", make_bars(20, 1))
    lake.append("bars", "p", make_bars(20, 2))
    lake.commit("stats", "s", untimed(make_bars(3)))
    return lake


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes(data)


def test_a_sound_lake_has_no_problem(filled: Lake) -> None:
    assert fsck(filled) == []
    assert filled.recover() == []


def test_an_absent_lake_has_no_problem(lake: Lake) -> None:
    assert fsck(lake) == []
    assert lake.recover() == []


def test_all_damage_of_all_versions_is_listed_at_once(filled: Lake) -> None:
    bars = filled.folder / "bars"
    first, second, third = sorted((bars / "part=p").iterdir())
    flip(first)
    second.unlink()
    (bars / commit_path(2)).write_bytes(b"")
    (bars / "_delta_log" / "_last_checkpoint").write_text("{}")
    (bars / "part=p" / "stray.parquet").write_bytes(b"")
    (filled.folder / "stats" / commit_path(1)).write_text("{}")
    problems = fsck(filled)
    assert {(problem.table, problem.version, problem.path, problem.code) for problem in problems} == {
        ("bars", 0, f"bars/part=p/{first.name}", "CWS-LAKE-010"),
        ("bars", 1, f"bars/part=p/{second.name}", "CWS-LAKE-009"),
        ("bars", 2, f"bars/{commit_path(2)}", "CWS-LAKE-010"),
        ("bars", -1, "bars/_delta_log/_last_checkpoint", "CWS-LAKE-017"),
        ("bars", -1, "bars/part=p/stray.parquet", "CWS-LAKE-017"),
        ("stats", -1, f"stats/{commit_path(1)}", "CWS-LAKE-017"),
    }
    assert third.exists()
    assert all(isinstance(problem, Problem) and problem.what for problem in problems)


def test_every_flipped_file_is_found(filled: Lake) -> None:
    files = [path for path in sorted(filled.folder.rglob("*")) if path.suffix in (".json", ".parquet")]
    assert len(files) == 8
    for path in files:
        good = path.read_bytes()
        flip(path)
        assert [problem.path for problem in fsck(filled)] == [path.relative_to(filled.folder).as_posix()]
        path.write_bytes(good)


def test_content_is_checked_against_its_hash(filled: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the engine decoded intact bytes into other rows."""
    monkeypatch.setattr("cws.lake.reader.content_hash", lambda _: "b3:other")
    assert [(problem.version, problem.code) for problem in fsck(filled)] == [
        (0, "CWS-LAKE-012"), (1, "CWS-LAKE-012"), (2, "CWS-LAKE-012"), (0, "CWS-LAKE-012"),
    ]  # fmt: skip
