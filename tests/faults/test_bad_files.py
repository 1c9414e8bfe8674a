"""A file that is wrong as a whole: a coded error from the main job, and what was published before stands untouched."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from children import walk
from small_house import Place, good_lines, hashes_in_force, make_place, text, visible

from cws_dagster.summary import summarise


@dataclass(frozen=True)
class BadFile:
    """What the source becomes, what the dataset's TOML becomes (old text, new text), and the refusal."""

    source: Callable[[], bytes]
    code: str
    names: str
    step: str = "csv_ohlcv"
    edits: tuple[tuple[str, str], ...] = field(default=())


def good() -> bytes:
    return text(good_lines())


def with_columns(change: Callable[[list[str]], list[str]], header_too: bool = True) -> Callable[[], bytes]:
    """The good file with every record's cells changed."""

    def made() -> bytes:
        lines = [line.split(",") for line in good_lines()]
        kept = lines[:0] if header_too else lines[:1]
        return text(",".join(cells) for cells in [*kept, *(change(cells) for cells in lines[len(kept) :])])

    return made


def stamped(first: str, rest: str) -> Callable[[], bytes]:
    """The good file with ` hh:mm...` after its dates: one text on the first record, another on all others."""

    def made() -> bytes:
        lines = [line.split(",") for line in good_lines()]
        cells = [[c[0], c[1] + (first if place == 0 else rest), *c[2:]] for place, c in enumerate(lines[1:])]
        return text(",".join(row) for row in [lines[0], *cells])

    return made


FIXED = (
    'source = "small"',
    'source = "small"\ncolumn_symbol = ""\nignored_columns = "Ticker"\nfixed_symbol = "../../etc/passwd"',
)
KIND = ("[settings.exchange_sessions]", '[settings.to_utc_ns]\nstamp_kind = "{}"\n\n[settings.exchange_sessions]')


def kind(name: str) -> tuple[tuple[str, str], ...]:
    return ((KIND[0], KIND[1].format(name)),)


BAD = {
    "empty": BadFile(lambda: b"", "CWS-INGEST-001", "empty"),
    "header only": BadFile(lambda: text(good_lines()[:1]), "CWS-INGEST-002", "no record"),
    "truncated gzip": BadFile(lambda: gzip.compress(good(), mtime=0)[:-200], "CWS-DECODE-001", "in the middle"),
    "gzip with a flipped bit": BadFile(lambda: _flipped(gzip.compress(good(), mtime=0)), "CWS-DECODE-001", "damaged"),
    "missing column": BadFile(with_columns(lambda c: [*c[:5], c[6]]), "CWS-INGEST-003", "'Close'"),
    "extra column": BadFile(with_columns(lambda c: [*c, "Bid"]), "CWS-INGEST-004", "'Bid'"),
    "mistyped column": BadFile(
        with_columns(lambda c: [*c[:5], "fifty", c[6]], header_too=False), "CWS-INGEST-005", "'Close'"
    ),
    "not text": BadFile(lambda: b"\x00\xff" * 400, "CWS-DECODE-002", "utf-8"),
    "symbol of the settings": BadFile(good, "CWS-INGEST-007", "etc/passwd", edits=(FIXED,)),
    "naive stamps": BadFile(
        stamped(" 16:00", " 16:00"), "CWS-CLEAN-003", "carries no offset", "to_utc_ns", kind("offset")
    ),
    "mixed time zones": BadFile(
        stamped(" 16:00", " 16:00-05:00"), "CWS-CLEAN-003", "small, row 1", "to_utc_ns", kind("offset")
    ),
    "offsets among wall times": BadFile(
        stamped(" 16:00-05:00", " 16:00"), "CWS-CLEAN-003", "small, row 1", "to_utc_ns", kind("local")
    ),
}


def _flipped(data: bytes) -> bytes:
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_coded_error_and_changes_nothing_that_readers_see(copied: Place, name: str) -> None:
    bad, before = BAD[name], visible(copied.house())
    copied.source.write_bytes(bad.source())
    for old, new in bad.edits:
        copied.edit(copied.dataset, old, new)
    outcome = copied.run()
    assert not outcome.succeeded
    (error,) = outcome.errors
    assert bad.step in error.split(":")[0]
    assert bad.code in error
    assert bad.names in error
    after = visible(copied.house())
    if bad.step == "csv_ohlcv":
        assert after == before
    else:
        # The bytes were readable: ingest published them as they came, and nothing after it moved.
        moved = {key for key, pin in after["pins"].items() if pin != before["pins"][key]}
        assert moved == {("raw_bars", "small")}
    summary = summarise(outcome)
    assert summary["ledger"]["verified"]
    assert summary["strategies"] == []
    assert [report.stage for report in outcome.reports] == ([] if bad.step == "csv_ohlcv" else ["ingest"])


def test_the_refused_bytes_are_kept_and_the_good_file_runs_again(copied: Place, done: Any) -> None:
    kept = {path.name for path in (copied.home / "raw").iterdir()}
    copied.source.write_bytes(b"nothing,of,use\n")
    assert not copied.run().succeeded
    new = {path.name for path in (copied.home / "raw").iterdir()} - kept
    assert [(copied.home / "raw" / name).read_bytes() for name in new] == [b"nothing,of,use\n"]
    copied.source.write_bytes(good())
    walk(copied)
    assert hashes_in_force(copied) == done.hashes


def test_a_file_that_is_not_there_is_a_coded_error(copied: Place) -> None:
    before = visible(copied.house())
    copied.source.unlink()
    (error,) = copied.run().errors
    assert "CWS-SOURCE-002" in error
    assert "bars.csv" in error
    assert visible(copied.house()) == before


def test_a_one_row_file_goes_through(tmp_path: Any) -> None:
    outcome = make_place(tmp_path / "one", text(good_lines()[:2])).run()
    assert outcome.succeeded, (outcome.errors, outcome.failed_checks)
    summary = summarise(outcome)
    assert [stage["rows_out"] for stage in summary["stages"]] == [1] * 6
    assert [stage["rows_quarantined"] for stage in summary["stages"]] == [0] * 6
    assert summary["strategies"][0]["orders"] == summary["strategies"][0]["fills"] == 0


def test_a_file_whose_every_row_is_refused_is_accounted_for(tmp_path: Any) -> None:
    place = make_place(tmp_path / "none", text([good_lines()[0], "AAA,2019-01-02,50.0,51.0,49.0,nan,100"]))
    walk(place)
    rows = [entry.body["rows"] for entry in place.house().ledger.entries("stage")]
    assert [row["rows_in"] for row in rows] == [1, 1, 0, 0, 0, 0]
    assert [row["rows_out"] for row in rows] == [1, 0, 0, 0, 0, 0]
    assert [row["rows_quarantined"] for row in rows] == [0, 1, 0, 0, 0, 0]
