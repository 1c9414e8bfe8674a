"""A flipped bit anywhere, an emptied or a deleted file: every way to read refuses, and the checks name the place."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from children import walk
from small_house import Place, good_lines, text, visible

from cws.flow import open_flow
from cws.lake.commits import Pin
from cws.pins import published
from cws.reproduce import reproduce
from cws.stages import Unit, units
from cws.strategies import catalogue
from cws_dagster.cli import main
from modules.errors import CwsError

BARS = ("ohlcv", "small")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def bars_pin(place: Place) -> Pin:
    return published(place.house())[BARS]


def data_file(place: Place) -> Path:
    return next((place.home / "lake" / "ohlcv").glob("part=small/*.parquet"))


def commit_file(place: Place) -> Path:
    """The newest commit of the bars' table."""
    return max((place.home / "lake" / "ohlcv" / "_delta_log").glob("*.json"))


@dataclass(frozen=True)
class Damage:
    """What is done to which file of the bars, and the code that every reader then answers with."""

    file: Callable[[Place], Path]
    act: Callable[[Path], None]
    code: str


DAMAGE = {
    "bit of a data file": Damage(data_file, flip, "CWS-LAKE-010"),
    "data file emptied": Damage(data_file, lambda path: path.write_bytes(b"") and None, "CWS-LAKE-010"),
    "data file deleted": Damage(data_file, Path.unlink, "CWS-LAKE-009"),
    "bit of a commit file": Damage(commit_file, flip, "CWS-LAKE-010"),
    "newest commit emptied": Damage(commit_file, lambda path: path.write_bytes(b"") and None, "CWS-LAKE-010"),
    "newest commit deleted": Damage(commit_file, Path.unlink, "CWS-LAKE-009"),
}


def feature_unit(place: Place) -> Unit:
    return units(catalogue(place.strategies), "feature")[0]


def at_home(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_HOME", str(place.home))
    monkeypatch.setenv("CWS_STRATEGIES", str(place.strategies))
    monkeypatch.setenv("CWS_VIEWS", "off")


def refusal_of(read: Callable[[], object]) -> CwsError:
    with pytest.raises(CwsError) as refusal:
        read()
    return refusal.value


def last_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("name", DAMAGE)
def test_every_read_of_the_library_refuses(copied: Place, done: Any, name: str) -> None:
    damage, pin = DAMAGE[name], bars_pin(copied)
    path = damage.file(copied)
    damage.act(path)
    house, head = copied.house(), copied.house().ledger.head()
    reads: dict[str, Callable[[], object]] = {
        "lake": lambda: house.lake.read(pin),
        "one column": lambda: house.lake.read(pin, columns=["close"]),
        "as of a time": lambda: house.lake.read(pin, as_of_ns=2**62),
        "next stage": lambda: open_flow(house, feature_unit(copied), copied.strategies, "test"),
        "reproduce": lambda: reproduce(house, done.trial, copied.strategies),
        "rerun": lambda: walk(copied),
    }
    for who, read in reads.items():
        refusal = refusal_of(read)
        assert refusal.code == damage.code, who
        assert "ohlcv" in refusal.where, who
        assert path.name in refusal.where, who
    # Nobody looked at a result: what a refused reproduction asked for was never opened.
    assert len(house.ledger.entries("trial")) == 1
    assert house.ledger.entries("stage")[: head.entries] == copied.house().ledger.entries("stage")[: head.entries]


@pytest.mark.parametrize("name", DAMAGE)
def test_the_command_line_refuses_and_fsck_names_file_and_version(
    copied: Place, done: Any, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, version = DAMAGE[name], bars_pin(copied).version
    path = damage.file(copied)
    damage.act(path)
    at_home(copied, monkeypatch)
    for command in (["lake", "show", *BARS, "--json"], ["reproduce", done.trial, "--json"]):
        assert main(command) == 2, command
        assert last_json(capsys)["error"]["code"] == damage.code, command
    assert main(["lake", "fsck", "--json"]) == 1
    found = last_json(capsys)
    assert found["ok"] is False
    relative = path.relative_to(copied.house().home.lake).as_posix()
    assert [(one["table"], one["version"], one["path"], one["code"]) for one in found["problems"]] == [
        ("ohlcv", version, relative, damage.code)
    ]


def test_the_main_job_stops_at_the_damage_and_changes_nothing(
    copied: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rerun on the same data would publish the same bars: it finds that they are not there any more."""
    before = visible(copied.house())["pins"]
    flip(data_file(copied))
    at_home(copied, monkeypatch)
    assert main(["run", "--json"]) == 1
    (error,) = last_json(capsys)["errors"]
    assert "CWS-LAKE-010" in error
    assert visible(copied.house())["pins"] == before


def ledger_file(place: Place) -> Path:
    return next((place.home / "ledger").glob("*.jsonl"))


LEDGER = {
    "bit of an entry": flip,
    "last entry cut off": lambda path: path.write_bytes(b"".join(path.read_bytes().splitlines(True)[:-1])) and None,
    "emptied": lambda path: path.write_bytes(b"") and None,
    "deleted": Path.unlink,
}


@pytest.mark.parametrize("name", LEDGER)
def test_a_ledger_that_was_touched_refuses_everything(
    copied: Place, done: Any, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pin = bars_pin(copied)
    LEDGER[name](ledger_file(copied))
    house = copied.house()
    for read in (lambda: house.lake.read(pin), lambda: published(house), lambda: walk(copied), copied.run):
        assert refusal_of(read).code.startswith("CWS-LEDGER-00"), name
    at_home(copied, monkeypatch)
    for command in (["run"], ["lake", "show", *BARS], ["lake", "fsck"], ["ledger", "show"], ["trials"], ["status"]):
        assert main([*command, "--json"]) in (1, 2), command
    capsys.readouterr()
    assert main(["ledger", "verify", "--json"]) == 1
    found = last_json(capsys)
    assert found["ok"] is False
    assert found["problems"]


def test_raw_bytes_that_were_touched_are_named_and_kept_anew(
    copied: Place, done: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is computed from the kept bytes, so nothing is wrong by them; but they are evidence, and fsck says so."""
    (kept,) = (copied.home / "raw").iterdir()
    flip(kept)
    at_home(copied, monkeypatch)
    assert main(["lake", "fsck", "--json"]) == 1
    (problem,) = last_json(capsys)["problems"]
    assert problem["path"] == f"raw/{kept.name}"
    assert problem["code"] == "CWS-SOURCE-005"
    walk(copied)
    assert kept.read_bytes() == text(good_lines())
    assert main(["lake", "fsck", "--json"]) == 0
