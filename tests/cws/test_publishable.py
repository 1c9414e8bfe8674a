"""What keeps a unit from being published; each refusal leaves the house as it was, byte for byte."""

from dataclasses import replace

import pandas as pd
import pytest
from small_house import Place, good_lines, make_place, text
from walking import kept, publish_stages, walked

from cws.flow import Flow
from cws.house import House
from cws.pins import published
from cws.publish import publish
from cws.publishable import drifted_symbols
from modules.contract import Check
from modules.errors import CwsError
from modules.registry import load
from modules.values import Table


def refused(house: House, flow: Flow, code: str) -> CwsError:
    """The refusal, and that not a byte of lake, ledger or raw files came of it."""
    before = kept(house)
    with pytest.raises(CwsError, match=code) as refusal:
        publish(house, flow)
    assert kept(house) == before
    assert refusal.value.where == f"{flow.unit.stage} of {flow.unit.name}" and refusal.value.fix
    return refusal.value


def with_frame(flow: Flow, name: str, frame: pd.DataFrame) -> Flow:
    return replace(flow, tables={**flow.tables, name: Table(frame.reset_index(drop=True), "b3:", name)})


def frame_of(flow: Flow, name: str) -> pd.DataFrame:
    table = flow.tables[name]
    assert isinstance(table, Table)
    return table.frame


@pytest.mark.parametrize(
    ("stage", "table"), [("ingest", "raw_bars"), ("clean", "bars"), ("size", "targets"), ("execute", "orders")]
)
def test_rows_that_do_not_add_up_publish_nothing(executed: Place, house: House, stage: str, table: str) -> None:
    flow = walked(executed, house, stage)
    frame = frame_of(flow, table)
    assert len(frame) > 20
    refusal = refused(house, with_frame(flow, table, frame.drop(index=7)), "CWS-STAGE-002")
    assert f"{len(frame)} rows in" in refusal.what and f"{len(frame) - 1} out" in refusal.what


def test_breaks_between_orders_and_fills_publish_nothing(executed: Place, house: House) -> None:
    flow = walked(executed, house, "execute")
    row = {"cl_ord_id": "x", "symbol": "AAA", "kind": "overfilled", "expected": 1.0, "found": 2.0}
    breaks = frame_of(flow, "breaks")
    refusal = refused(house, with_frame(flow, "breaks", breaks.iloc[:0].reindex([0]).assign(**row)), "CWS-STAGE-003")
    assert "overfilled" in refusal.what
    unfilled = with_frame(flow, "breaks", breaks.iloc[:0].reindex([0]).assign(**{**row, "kind": "unfilled"}))
    assert publish(house, unfilled).rows_out > 0


def test_weights_that_were_not_tested_publish_nothing(executed: Place, house: House) -> None:
    flow = walked(executed, house, "size")
    first, second, *rest = flow.traces
    assert second.module == "leverage_cap"
    other = replace(second, outputs={"weights": "b3:other"})
    refusal = refused(house, replace(flow, traces=(first, other, *rest)), "CWS-STAGE-004")
    assert "b3:other" in refusal.what
    # What a module after the account makes of them is nobody's tested weights.
    assert publish(house, flow).rows_out > 0


def unparsable(count: int) -> bytes:
    """The good file with the closes of `count` records as text."""
    header, *lines = good_lines()
    bad = [",".join([*line.split(",")[:5], "n/a", "1"]) for line in lines[:count]]
    return text([header, *bad, *lines[count:]])


def test_more_refused_than_the_dataset_allows_publishes_nothing(tmp_path) -> None:
    rows = len(good_lines()) - 1
    most = rows // 8
    assert most * 8 == rows, "an eighth is exact in binary"
    place = make_place(tmp_path, unparsable(most + 1))
    place.edit(place.dataset, "[source]", "max_quarantined_share = 0.125\n\n[source]")
    house = place.house()
    refusal = refused(house, walked(place, house, "ingest"), "CWS-STAGE-005")
    assert f"{most + 1} of {rows} rows" in refusal.what and "'unparsable_close'" in refusal.what
    place.source.write_bytes(unparsable(most))
    (report,) = publish_stages(place, house, "ingest")
    assert (report.rows_in, report.rows_quarantined, report.rows_out) == (rows, most, rows - most)


def test_a_tenth_may_be_refused_unless_the_dataset_says_otherwise(tmp_path) -> None:
    rows = len(good_lines()) - 1
    place = make_place(tmp_path, unparsable(rows // 10 + 1))
    house = place.house()
    assert "allows 10%" in refused(house, walked(place, house, "ingest"), "CWS-STAGE-005").what
    place.source.write_bytes(unparsable(rows // 10))
    assert publish_stages(place, house, "ingest")[0].rows_quarantined == rows // 10


# Where a setting changed since the backtest in force: the stage that would then show what nobody tested.
UNTESTED = {
    "weights": ("size", "[settings.leverage_cap]\nmax_gross = 0.5\n"),
    "after the account": ("size", "[settings.capacity_cap]\nadv_share = 0.001\n"),
    "order limits": ("execute", "[settings.pre_trade_checks]\nmax_order_qty_lots = 10\n"),
    "costs of fills": ("execute", "[settings.paper_fill]\ncost_bps = 50.0\n"),
}


@pytest.mark.parametrize("name", sorted(UNTESTED))
def test_a_setting_that_changed_since_the_backtest_publishes_nothing_until_it_is_a_trial(
    executed: Place, house: House, name: str
) -> None:
    stage, settings = UNTESTED[name]
    executed.strategy.write_text(f"{executed.strategy.read_text()}\n{settings}")
    trials = house.ledger.entries("trial")
    refused(house, walked(executed, house, stage), "CWS-STAGE-007")
    publish_stages(executed, house, "backtest", "size", "execute")
    keys = [entry.body["key"] for entry in house.ledger.entries("trial")]
    assert len(trials) == 1 and len(keys) == 2 == len(set(keys)), "a full run is a new trial"


@pytest.mark.parametrize("stage", ["size", "execute"])
def test_code_that_changed_since_the_backtest_publishes_nothing(
    executed: Place, house: House, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    flow = walked(executed, house, stage)
    monkeypatch.setattr("cws.flow.code_hash", lambda modules: "b3:other code")
    refused(house, flow, "CWS-STAGE-007")


@pytest.mark.parametrize("name", sorted(UNTESTED))
def test_targets_that_were_sized_before_the_backtest_in_force_are_not_executed(
    executed: Place, house: House, name: str
) -> None:
    # The backtest is asked anew, sizing is left out: targets of the old question, execution of the new one.
    executed.strategy.write_text(f"{executed.strategy.read_text()}\n{UNTESTED[name][1]}")
    publish_stages(executed, house, "backtest")
    refused(house, walked(executed, house, "execute"), "CWS-STAGE-007")
    publish_stages(executed, house, "size", "execute")


def test_a_flow_whose_inputs_were_published_anew_meanwhile_publishes_nothing(executed: Place, house: House) -> None:
    mine = walked(executed, house, "feature")
    executed.source.write_bytes(text(good_lines()[:-1]))
    theirs = executed.house()
    publish_stages(executed, theirs, "ingest", "clean", "feature")
    in_force = published(theirs)
    assert "bars" in refused(house, mine, "CWS-STAGE-008").what
    assert published(house) == in_force, "the newer publication stands"


def test_a_backtest_whose_features_moved_meanwhile_is_never_opened(executed: Place, house: House) -> None:
    mine = walked(executed, house, "backtest")
    executed.edit(executed.strategy, '"reversal_5d"]', '"reversal_5d", "cs_rank"]')
    publish_stages(executed, executed.house(), "feature")
    looks = len(house.ledger.entries("trial"))
    assert "signal" in refused(house, mine, "CWS-STAGE-008").what
    assert len(house.ledger.entries("trial")) == looks


def test_inputs_published_anew_with_equal_content_stop_nobody(executed: Place, house: House) -> None:
    mine = walked(executed, house, "feature")
    publish_stages(executed, executed.house(), "ingest", "clean")
    assert publish(house, mine).rows_out > 0


def fail_first_check(monkeypatch: pytest.MonkeyPatch, module: str) -> str:
    """The module's first acceptance check finds that its real output is wrong."""
    found = load(module)
    first, *rest = found.acceptance
    never = replace(first, judge=lambda before, after: Check(False, 7.0, "<= 6"))
    monkeypatch.setattr(found, "acceptance", [never, *rest])
    return f"{module}.{first.name}"


@pytest.mark.parametrize(
    ("stage", "module"), [("clean", "session_filter"), ("backtest", "vector_panel"), ("execute", "paper_fill")]
)
def test_a_failed_check_publishes_nothing_without_dagster_too(
    executed: Place, house: House, monkeypatch: pytest.MonkeyPatch, stage: str, module: str
) -> None:
    name = fail_first_check(monkeypatch, module)
    flow = walked(executed, house, stage)
    assert refused(house, flow, "CWS-STAGE-010").what == f"failed acceptance checks: {name}"


def panel(symbols: str, column: str, lots: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"symbol": pd.Series(list(symbols), dtype="str"), column: lots})


@pytest.mark.parametrize(
    ("positions", "drifted"),
    [([0, 5, 3, 0], 0), ([0, 5, 8, 0], 1), ([0, 5, 3, 4], 1), ([9, 5, 3, 0], 0), ([0, 5, 8, 4], 2)],
    ids=["as due", "last bar of A", "a bar that nothing can fill", "an earlier bar", "both"],
)
def test_drift_is_the_last_position_against_the_target_of_one_bar_before(positions: list[int], drifted: int) -> None:
    # B has one bar: no order of it can be filled, so nothing is due whatever its target.
    targets = panel("AAAB", "target_lots", [5, 3, 8, 4])
    assert drifted_symbols(targets, panel("AAAB", "position_lots", positions)) == drifted
