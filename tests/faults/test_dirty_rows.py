"""Bad rows of a good file, end to end: each stands in quarantine with its reason, and the rest goes through."""

import json
from typing import Any

import pandas as pd
import pytest
from dirty_rows import SWAPPED, dirty_lines, planted, row_of
from small_house import SYMBOLS, good_lines

STAGES = ("ingest", "clean", "feature", "backtest", "size", "execute")


def quarantine(done: Any, stage: str) -> pd.DataFrame:
    lake = done.place.house().lake
    part = f"{'small' if stage in ('ingest', 'clean') else 'small_reversal'}.{stage}"
    return lake.read(lake.pin("quarantine", part))


def bars(done: Any) -> pd.DataFrame:
    lake = done.place.house().lake
    return lake.read(lake.pin("ohlcv", "small"))


@pytest.mark.parametrize("name", planted())
def test_a_bad_row_is_in_quarantine_with_reason_source_row_and_record(dirty: Any, name: str) -> None:
    one = planted()[name]
    found = quarantine(dirty, one.stage)
    row = found[found["row"] == row_of(one)]
    assert row[["source", "symbol", "reason", "module", "stage"]].values.tolist() == [
        ["small", one.symbol, one.reason, one.module, one.stage]
    ]
    assert row_of(one) not in set(bars(dirty).query("age_bars == 0")["row"])
    record = row["record"].iloc[0]
    assert json.loads(record)
    if one.stage == "ingest":
        # The vendor's own text: what was refused before it became numbers can be looked up as it came.
        assert one.line.split(",")[0] in record


def test_nothing_else_is_in_quarantine(dirty: Any) -> None:
    found = pd.concat([quarantine(dirty, stage) for stage in ("ingest", "clean")])
    assert sorted(found["row"]) == sorted(row_of(one) for one in planted().values())


def test_rows_add_up_at_every_stage_and_from_stage_to_stage(dirty: Any) -> None:
    rows = {stage["stage"]: stage for stage in dirty.summary["stages"]}
    for stage in STAGES:
        one = rows[stage]
        assert one["rows_in"] + one["rows_added"] == one["rows_out"] + one["rows_quarantined"], stage
        assert one["rows_quarantined"] == len(quarantine(dirty, stage)), stage
    assert rows["ingest"]["rows_in"] == len(dirty_lines()) - 1
    assert [rows[stage]["rows_in"] for stage in STAGES[1:5]] == [rows[stage]["rows_out"] for stage in STAGES[:4]]
    refused_days = [one for one in planted().values() if one.day is not None]
    assert rows["clean"]["rows_added"] == len(refused_days)
    assert rows["size"]["rows_out"] == len(good_lines()) - 1
    # Execution counts orders: what it makes of the targets is accepted or refused.
    assert rows["execute"]["rows_out"] == dirty.summary["strategies"][0]["orders"]


def test_rows_out_of_order_are_put_in_order_and_none_is_lost(dirty: Any, done: Any) -> None:
    found, good = bars(dirty), bars(done)
    assert found[["symbol", "ts_event"]].equals(good[["symbol", "ts_event"]])
    for day in SWAPPED:
        assert found.iloc[day]["close"] == good.iloc[day]["close"]
    first, second = SWAPPED
    assert found.iloc[first]["row"] == second + 1
    assert sorted(set(found["symbol"])) == [f"{symbol}.XNYS" for symbol in SYMBOLS]


def test_the_run_goes_through_with_what_is_left(dirty: Any) -> None:
    assert dirty.summary["errors"] == dirty.summary["failed_checks"] == []
    assert dirty.summary["strategies"][0]["orders"] > 0
    assert dirty.summary["ledger"]["verified"]
