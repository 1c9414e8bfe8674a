"""Each expectation of each suite fails on a frame that breaks just it, and on nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import pytest

from cws.lake.suites import SUITES, judge
from cws.lake.tables import TABLES
from modules.errors import CwsError

DAY_NS = 86_400_000_000_000
DTYPES = {"int64": "int64", "double": "float64", "string": "str"}


def _frame(table: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    schema = TABLES[table].schema
    return pd.DataFrame(rows, columns=schema.names).astype({field.name: DTYPES[str(field.type)] for field in schema})


def _bar(symbol: str, day: int) -> dict[str, object]:
    stamps = {"ts_event": day * DAY_NS, "ts_avail": day * DAY_NS + 1, "symbol": symbol}
    prices = {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5, "adj_close": 10.5, "volume": 100.0}
    return {**stamps, **prices, "age_bars": 0, "source": "s.csv", "row": day}


def _target(symbol: str, day: int) -> dict[str, object]:
    stamps = {"ts_event": day * DAY_NS, "ts_avail": day * DAY_NS, "symbol": symbol}
    return {**stamps, "target_lots": 5, "weight": 0.1, "reference_price": 10.0}


def _instrument(symbol: str, start: int) -> dict[str, object]:
    kind = {"symbol": symbol, "mic": "XNAS", "currency": "USD", "calendar": "XNYS"}
    return {**kind, "lot_size": 1.0, "tick_size": 0.01, "valid_from_ns": start, "valid_to_ns": start + DAY_NS}


def _fill(symbol: str, number: int) -> dict[str, object]:
    ids = {"cl_ord_id": f"o{number}", "exec_id": f"e{number}", "side": "buy" if number % 2 else "sell"}
    amounts = {"last_qty": 3, "last_px": 10_000_000_000, "commission_usd": 0.0, "venue": "PAPER"}
    return {"ts_event": number * DAY_NS, "symbol": symbol, **ids, **amounts}


def _good(table: str) -> pd.DataFrame:
    row = {"ohlcv": _bar, "targets": _target, "instruments": _instrument, "fills": _fill}[table]
    symbols = ("BRK-B.XNYS", "BRK.B.XNYS", "MSFT.XNAS")
    if table == "fills":
        return _frame(table, [row(symbol, number) for number, symbol in enumerate(symbols)])
    return _frame(table, [row(symbol, day) for symbol in symbols for day in (1, 2)])


@dataclass(frozen=True)
class Breakage:
    table: str
    name: str
    harm: Callable[[pd.DataFrame], pd.DataFrame]
    failed: str


def _set(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """One row, the second, gets another value in one column."""
    return lambda frame: frame.assign(**{column: [value if i == 1 else kept for i, kept in enumerate(frame[column])]})


def _twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame.iloc[:2], frame.iloc[1:]], ignore_index=True)


BETWEEN, REGEX = "expect_column_values_to_be_between", "expect_column_values_to_match_regex"
UNIQUE, ORDERED = "expect_compound_columns_to_be_unique", "expect_column_pair_values_a_to_be_greater_than_b"
IN_SET = "expect_column_values_to_be_in_set"

BREAKAGES = (
    Breakage("ohlcv", "twice", _twice, f"{UNIQUE} symbol, ts_event"),
    Breakage("ohlcv", "no_venue", _set("symbol", "MSFT"), f"{REGEX} symbol"),
    Breakage("ohlcv", "path", _set("symbol", "../MSFT.XNAS"), f"{REGEX} symbol"),
    Breakage("ohlcv", "free", _set("close", 0.0), f"{BETWEEN} close"),
    Breakage("ohlcv", "negative", _set("close", -1.0), f"{BETWEEN} close"),
    Breakage("ohlcv", "low_above_high", _set("low", 12.0), f"{ORDERED} high, low"),
    Breakage("ohlcv", "known_too_early", _set("ts_avail", 0), f"{ORDERED} ts_avail, ts_event"),
    Breakage("instruments", "twice", _twice, f"{UNIQUE} symbol, valid_from_ns"),
    Breakage("instruments", "no_venue", _set("symbol", "MSFT"), f"{REGEX} symbol"),
    Breakage("instruments", "no_lot", _set("lot_size", 0.0), f"{BETWEEN} lot_size"),
    Breakage("instruments", "no_tick", _set("tick_size", 0.0), f"{BETWEEN} tick_size"),
    Breakage("instruments", "currency", _set("currency", "usd"), f"{REGEX} currency"),
    Breakage("instruments", "ends_before_it_starts", _set("valid_to_ns", 0), f"{ORDERED} valid_to_ns, valid_from_ns"),
    Breakage("targets", "twice", _twice, f"{UNIQUE} symbol, ts_event"),
    Breakage("targets", "no_venue", _set("symbol", "MSFT"), f"{REGEX} symbol"),
    Breakage("targets", "free", _set("reference_price", 0.0), f"{BETWEEN} reference_price"),
    Breakage("targets", "too_long", _set("weight", 10.01), f"{BETWEEN} weight"),
    Breakage("targets", "too_short", _set("weight", -10.01), f"{BETWEEN} weight"),
    Breakage("fills", "twice", _set("exec_id", "e0"), "expect_column_values_to_be_unique exec_id"),
    Breakage("fills", "no_venue", _set("symbol", "MSFT"), f"{REGEX} symbol"),
    Breakage("fills", "nothing", _set("last_qty", 0), f"{BETWEEN} last_qty"),
    Breakage("fills", "free", _set("last_px", 0), f"{BETWEEN} last_px"),
    Breakage("fills", "paid_to_trade", _set("commission_usd", -0.01), f"{BETWEEN} commission_usd"),
    Breakage("fills", "side", _set("side", "hold"), f"{IN_SET} side"),
    Breakage("fills", "venue", _set("venue", "NYSE"), f"{IN_SET} venue"),
)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: f"{one.table}-{one.name}")
def test_expectation_fails_on_what_breaks_just_it(breakage: Breakage) -> None:
    verdict = judge(breakage.table, breakage.harm(_good(breakage.table)))
    assert not verdict.passed
    assert verdict.summary["failed"] == breakage.failed


@pytest.mark.parametrize("table", sorted(SUITES))
def test_every_expectation_is_broken_by_some_case(table: str) -> None:
    assert len({one.failed for one in BREAKAGES if one.table == table}) == len(SUITES[table].expectations)


@pytest.mark.parametrize("table", sorted(SUITES))
def test_good_and_empty_frames_pass(table: str) -> None:
    good = _good(table)
    for frame in (good, good.iloc[:0]):
        verdict = judge(table, frame)
        expected = {"rows": len(frame), "expectations": len(SUITES[table].expectations), "failed": "none"}
        assert verdict.passed and dict(verdict.summary) == expected


def test_missing_field_is_no_broken_order() -> None:
    # A source without highs and lows has NaN there; that is for the contract to judge, not an order to break.
    assert judge("ohlcv", _good("ohlcv").assign(high=float("nan"), low=float("nan"))).passed
    assert judge("targets", _set("weight", float("nan"))(_good("targets"))).passed


def test_a_bound_itself_is_inside() -> None:
    bars = _good("ohlcv")
    assert judge("ohlcv", bars.assign(high=10.0, low=10.0, ts_avail=bars["ts_event"])).passed
    assert judge("targets", _set("weight", -10.0)(_good("targets"))).passed


def test_frame_of_another_shape_is_refused() -> None:
    for frame in (
        _good("fills").drop(columns="venue"),
        _good("fills").assign(more=1),
        _good("fills")[::-1].iloc[:, ::-1],
    ):
        with pytest.raises(CwsError, match="CWS-SUITE-001"):
            judge("fills", frame)


ALONE = """
import os, socket, sys
import pandas as pd
from cws.lake.suites import judge
from cws.lake.tables import TABLES
assert "great_expectations" not in sys.modules, "imported before it is needed"
def refuse(*_): raise AssertionError("a suite opened a connection")
socket.socket.connect = socket.getaddrinfo = refuse
judge("fills", pd.DataFrame({name: [] for name in TABLES["fills"].schema.names}))
assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
assert "posthog" not in sys.modules
"""


def test_judging_sends_and_prints_nothing() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GX_")}
    said = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, env=clean)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
