import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lakes import SPECS, make_bars, open_lake, untimed

from cws.lake import reader
from cws.lake.commits import Pin
from cws.lake.files import describe
from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from modules.errors import CwsError

FLIPS = 300


def refusal(call: Callable[[], object]) -> CwsError:
    with pytest.raises(CwsError) as refused:
        call()
    return refused.value


def data_file(lake: Lake, part: str, newest: int = -1) -> Path:
    return sorted((lake.folder / "bars" / f"part={part}").iterdir())[newest]


def test_every_one_of_300_flipped_bits_is_refused(lake: Lake) -> None:
    pin = lake.commit("bars", "p", make_bars(20_000))
    path = data_file(lake, "p")
    good = path.read_bytes()
    assert lake.read(pin)["close"].isna().sum() > 0
    codes: list[str] = []
    for bit in np.random.default_rng(7).integers(0, len(good) * 8, FLIPS).tolist():
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        error = refusal(lambda: lake.read(pin, ["symbol"]))
        assert f"version 0, file part=p/{path.name}" in error.where
        codes.append(error.code)
    assert codes == ["CWS-LAKE-010"] * FLIPS
    path.write_bytes(good)
    assert len(lake.read(pin)) == 20_000


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "swapped"])
def test_damage_refuses_its_pins_and_no_others(lake: Lake, damage: str) -> None:
    old = lake.commit("bars", "p", make_bars(30, 1))
    hurt = lake.commit("bars", "p", make_bars(30, 2))
    other = lake.commit("bars", "q", make_bars(30, 3))
    path = data_file(lake, "p")
    data = path.read_bytes()
    match damage:
        case "flip":
            path.write_bytes(data[:100] + bytes([data[100] ^ 4]) + data[101:])
        case "cut":
            path.write_bytes(data[:-1])
        case "empty":
            path.write_bytes(b"")
        case "gone":
            path.unlink()
        case _:
            path.write_bytes(data_file(lake, "p", 0).read_bytes())
    assert refusal(lambda: lake.read(hurt)).code == ("CWS-LAKE-009" if damage == "gone" else "CWS-LAKE-010")
    assert refusal(lambda: lake.commit("bars", "p", make_bars(30, 2))).code.startswith("CWS-LAKE-0")
    assert len(lake.read(old)) == len(lake.read(other)) == 30
    assert len(lake.read(lake.commit("bars", "p", make_bars(31, 4)))) == 31


def test_damage_in_an_early_batch_refuses_the_appended_part(lake: Lake) -> None:
    lake.append("bars", "p", make_bars(30, 1))
    pin = lake.append("bars", "p", make_bars(30, 2))
    data_file(lake, "p", 0).write_bytes(b"PAR1")
    error = refusal(lambda: lake.read(pin))
    assert (error.code, "version 0" in error.where) == ("CWS-LAKE-010", True)


@pytest.mark.parametrize("field", [{"version": 1}, {"hash": "b3:0"}, {"rows": 29}, {"part": "q"}])
def test_a_pin_that_nobody_acknowledged_is_refused(lake: Lake, field: dict[str, object]) -> None:
    pin = lake.commit("bars", "p", make_bars(30))
    lake.commit("bars", "q", make_bars(30, 2))
    forged = Pin(**{**pin.__dict__, **field})  # pyright: ignore[reportArgumentType]
    assert refusal(lambda: lake.read(forged)).code == "CWS-LAKE-008"


def test_columns_and_times_that_are_not_there_are_refused(lake: Lake) -> None:
    bars = lake.commit("bars", "p", make_bars(3))
    stats = lake.commit("stats", "p", untimed(make_bars(3)))
    assert refusal(lambda: lake.read(bars, ["open"])).code == "CWS-LAKE-014"
    no_time = refusal(lambda: lake.read(stats, as_of_ns=1))
    assert no_time.code == "CWS-LAKE-014"
    assert "as of a time" in no_time.what


def acknowledge_as_is(lake: Lake, tmp_path: Path, path: Path, pin: Pin) -> Lake:
    """A lake whose ledger acknowledges the file as it now is: what a faulty engine or writer would leave."""
    commit = lake.index.of_table("bars")[0].commit
    ledger = Ledger(tmp_path / "other")
    file = describe(lake.folder / "bars", path, pin.rows)
    ledger.append("lake_commit", replace(commit, files=(file,)).body())
    return Lake(lake.folder, ledger, SPECS)


def test_content_that_is_not_the_acknowledged_one_is_refused(lake: Lake, tmp_path: Path) -> None:
    pin = lake.commit("bars", "p", make_bars(30, 1))
    other = open_lake(tmp_path / "second")
    other.commit("bars", "p", make_bars(30, 2))
    path = data_file(lake, "p")
    path.write_bytes(data_file(other, "p").read_bytes())
    assert refusal(lambda: acknowledge_as_is(lake, tmp_path, path, pin).read(pin)).code == "CWS-LAKE-012"


def test_a_file_that_cannot_be_decoded_is_refused(lake: Lake, tmp_path: Path) -> None:
    pin = lake.commit("bars", "p", make_bars(30))
    path = data_file(lake, "p")
    path.write_bytes(b"no parquet")
    assert refusal(lambda: acknowledge_as_is(lake, tmp_path, path, pin).read(pin)).code == "CWS-LAKE-018"


def test_no_engine_sees_the_path_of_a_damaged_file(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    pin = lake.commit("bars", "p", make_bars(30))
    opened: list[object] = []
    monkeypatch.setattr(reader.pq, "ParquetFile", lambda path, **_: opened.append(path))
    path = data_file(lake, "p")
    path.write_bytes(os.urandom(path.stat().st_size))
    refusal(lambda: lake.read(pin))
    assert opened == []
