import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.desk import Desk
from assets.highlights import _mlflow_link, book_highlights, highlights, markdown
from assets.showing import INLINE_CHARACTERS, PREVIEW_ROWS, inline
from assets.wire_highlights import mode, wire_highlights
from cws.execution.latency import EDGES_US
from cws.execution.places import run_place
from cws.execution.switch import Act, kill
from cws.home import Settings
from cws.house import open_house
from cws.lake.commits import Pin
from cws.publish import Report
from cws.stages import Unit
from cws.strategies import catalogue

STRATEGIES = Path(__file__).resolve().parents[2] / "strategies"
DAY_NS = 86_400_000_000_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(open_house(Settings(home=tmp_path)), STRATEGIES, views="off")


def _unit(stage: str) -> Unit:
    found = catalogue(STRATEGIES)
    strategy = found.strategy("ts_momentum")
    return Unit(stage, found.dataset_of(strategy), strategy if stage not in ("ingest", "clean") else None)


def _report(stage: str, pins: dict[str, Pin], rows_in: int = 10, lost: int = 0, **details: Any) -> Report:
    return Report(stage, "ts_momentum", rows_in, 0, lost, rows_in - lost, pins, details)


def _commit(desk: Desk, table: str, part: str, rows: list[dict[str, Any]]) -> Pin:
    schema = desk.house.lake.specs[table].schema
    kinds = {"int64": "int64", "double": "float64", "string": "str", "bool": "bool"}
    frame = pd.DataFrame(rows, columns=schema.names).astype({field.name: kinds[str(field.type)] for field in schema})
    return desk.house.lake.commit(table, part, frame)


def _cells(value: Any) -> list[list[str]]:
    """The body of a markdown table."""
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in value.md_str.split("\n")[2:]]


def test_markdown_aligns_numbers_and_shortens_floats() -> None:
    assert markdown(("name", "value"), [("a", 1 / 3), ("b", 2)]).md_str == (
        "| name | value |\n| --- | ---: |\n| a | 0.333333 |\n| b | 2 |"
    )


def _refused(row: int, reason: str, module: str) -> dict[str, Any]:
    return {
        "source": "s",
        "row": row,
        "symbol": "X",
        "reason": reason,
        "record": "{}",
        "stage": "clean",
        "module": module,
    }


def _bar(day: int, symbol: str) -> dict[str, Any]:
    prices = dict.fromkeys(("open", "high", "low", "close", "adj_close", "volume"), 1.0)
    stamps = {"ts_event": day * DAY_NS, "ts_avail": day * DAY_NS, "symbol": symbol}
    return {**stamps, **prices, "age_bars": 0, "source": "s", "row": day}


def test_clean_shows_reasons_by_count_and_the_span_of_each_symbol(desk: Desk) -> None:
    lost = [_refused(1, "duplicate", "a"), _refused(2, "negative", "b"), _refused(3, "negative", "b")]
    bars = [_bar(0, "A.XNAS"), _bar(2, "A.XNAS"), _bar(1, "B.XNAS")]
    pins = {"bars": _commit(desk, "ohlcv", "d", bars), "quarantine": _commit(desk, "quarantine", "d.clean", lost)}
    shown = highlights(desk, _unit("clean"), _report("clean", pins, rows_in=6, lost=3))
    assert _cells(shown["quarantine"]) == [["negative", "b", "2"], ["duplicate", "a", "1"]]
    assert shown["quarantined_share"] == 0.5 and shown["symbols"] == 2
    expected = [["A.XNAS", "1970-01-01", "1970-01-03", "2"], ["B.XNAS", "1970-01-02", "1970-01-02", "1"]]
    assert _cells(shown["span"]) == expected


def test_clean_without_refused_rows_says_so(desk: Desk) -> None:
    pins = {"bars": _commit(desk, "ohlcv", "d", []), "quarantine": _commit(desk, "quarantine", "d.clean", [])}
    shown = highlights(desk, _unit("clean"), _report("clean", pins, rows_in=0))
    assert shown == {"quarantine": "nothing was refused", "quarantined_share": 0.0}


def test_feature_shows_what_is_missing_and_the_spread_of_each_table(desk: Desk) -> None:
    values = [float("nan"), 1.0, 5.0, 2.0]
    rows = [{"ts_event": i, "ts_avail": i, "symbol": "A.XNAS", "value": value} for i, value in enumerate(values)]
    pins = {"signal": _commit(desk, "features", "s.signal", rows), "quarantine": _commit(desk, "quarantine", "q", [])}
    shown = highlights(desk, _unit("feature"), _report("feature", pins))
    assert _cells(shown["features"]) == [["signal", "4", "25.0%", "1", "2", "5"]]
    assert shown["missing_share/signal"] == 0.25


def _target(day: int, symbol: str, lots: int, weight: float) -> dict[str, Any]:
    stamps = {"ts_event": day, "ts_avail": day, "symbol": symbol}
    return {**stamps, "target_lots": lots, "weight": weight, "reference_price": 10.0 + day}


def test_size_shows_the_largest_positions_with_the_weight_of_the_last_decision(desk: Desk) -> None:
    nan = float("nan")
    rows = [
        *(_target(0, "A.XNAS", 5, 0.1), _target(1, "A.XNAS", 5, nan)),
        *(_target(0, "B.XNAS", -9, -0.3), _target(1, "B.XNAS", -9, nan)),
        *(_target(0, "C.XNAS", 7, 0.2), _target(1, "C.XNAS", 0, 0.0)),
    ]
    shown = highlights(desk, _unit("size"), _report("size", {"targets": _commit(desk, "targets", "s", rows)}))
    assert _cells(shown["top_targets"]) == [["B.XNAS", "-9", "-0.3", "11"], ["A.XNAS", "5", "0.1", "11"]]
    assert (shown["gross_weight"], shown["names_held"]) == (pytest.approx(0.4), 2)
    assert shown["net_weight"] == pytest.approx(-0.2)


def _backtest(desk: Desk, value: float, why: str) -> Report:
    deflated = [{"name": "deflated_sharpe", "value": value, "why": why}]
    pins = {"deflated": _commit(desk, "deflated", "s", deflated)}
    return _report("backtest", pins, key="k", looks=3, figures={"sharpe": 1.5, "max_drawdown": None}, ledger_index=0)


def test_backtest_shows_figures_and_why_one_cannot_be_said(desk: Desk) -> None:
    shown = highlights(desk, _unit("backtest"), _backtest(desk, float("nan"), "needs two distinct trials"))
    assert shown == {
        "backtest/sharpe": 1.5,
        "backtest/deflated_sharpe": "needs two distinct trials",
        "backtest/looks": 3,
        "trial": "k",
    }
    assert highlights(desk, _unit("backtest"), _backtest(desk, 0.75, ""))["backtest/deflated_sharpe"] == 0.75


def test_backtest_whose_views_fail_keeps_its_figures_and_says_why(desk: Desk) -> None:
    drawing = Desk(desk.house, desk.folder, views="on")
    shown = highlights(drawing, _unit("backtest"), _backtest(desk, 0.75, ""))  # no ledger entry: nothing to draw
    assert "StopIteration" in shown["views_warning"] and shown["backtest/sharpe"] == 1.5


def test_book_shows_orders_fills_costs_and_the_account_at_the_end(desk: Desk) -> None:
    order = {"symbol": "A.XNAS", "cl_ord_id": "o1", "side": "buy", "order_qty": 1, "reference_price": 10.0}
    fill = {"symbol": "A.XNAS", "cl_ord_id": "o1", "exec_id": "e1", "side": "buy", "last_qty": 1, "last_px": 10**10}
    book = {"equity_usd": 1234.5, "cash_usd": 0.0, "cost_usd": 0.0, "turnover_usd": 0.0}
    pins = {
        "orders": _commit(
            desk, "orders", "s", [{"ts_event": 0, **order, "ord_type": "market", "time_in_force": "day"}]
        ),
        "fills": _commit(desk, "fills", "s", [{"ts_event": 1, **fill, "commission_usd": 2.5, "venue": "PAPER"}]),
        "book": _commit(desk, "book", "s", [{"ts_event": 0, **book}, {"ts_event": 1, **book, "equity_usd": 4321.0}]),
    }
    shown = book_highlights(desk, [_report("execute", pins, lost=4)])
    assert _cells(shown["strategies"]) == [["ts_momentum", "1", "1", "4", "2", "4,321"]]
    assert shown["execution"] == "paper"


def test_last_rows_are_as_many_as_show_without_a_click() -> None:
    narrow = pd.DataFrame({"ts_event": np.arange(9) * DAY_NS, "value": np.arange(9.0)})
    assert inline(narrow).count("\n") == PREVIEW_ROWS + 1
    assert "1970-01-09 00:00" in inline(narrow) and "1970-01-01" not in inline(narrow)
    wide = pd.DataFrame({f"column_{i}": np.arange(9.0) for i in range(14)})
    assert 3 <= inline(wide).count("\n") < PREVIEW_ROWS + 1 and len(inline(wide)) < INLINE_CHARACTERS
    assert inline(narrow[:0]).count("\n") <= 1


def test_the_link_to_mlflow_names_the_port_that_it_holds_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_MLFLOW_PORT", "5055")
    said = _mlflow_link("/#/experiments/1/runs/abc")
    assert said.startswith("[/#/experiments/1/runs/abc](http://127.0.0.1:5000/#/experiments/1/runs/abc): ")
    assert "port 5000" in said and "5055" not in said, "what is set while it runs may not be set when it is read"


WIRE = {
    "run": "r-1", "parents": 2, "orders": 2, "trades": 3, "refused": 1, "journal_seq": 9, "checkpoint": 7,
    "builds": {"cws-risk": "b3:" + "a" * 64}, "restarts": {"cws-risk": 0}, "journal_hash": "c" * 64,
}  # fmt: skip


def test_execute_shows_the_wire_its_latencies_and_what_is_killed(desk: Desk) -> None:
    native = _report("execute", {}, execution="native", wire=WIRE)
    place = run_place(desk.house.home, "r-1")
    place.folder.mkdir(parents=True)
    counts = [0, 2, *[0] * (len(EDGES_US) - 1)]
    said = {"name": "packet to order", "count": 2, "edges_us": list(EDGES_US), "counts": counts}
    place.result.write_text(json.dumps({"latency": {**said, "p50_us": 1.5, "p99_us": 2.0, "p999_us": 2.0}}))
    shown = wire_highlights(desk, native)
    assert "| run | r-1 |" in shown["gateway"].value and shown["wire_trades"] == 3
    assert "data:image/svg+xml;base64," in shown["latency"].value and shown["latency_p99_us"] == 2.0
    assert "armed" in shown["kill_state"].value
    kill(desk.house, Act("firm", "", "drill", "me"))
    assert "| firm  | command | me | drill |" in wire_highlights(desk, native)["kill_state"].value
    paper = _report("execute", {}, execution="paper")
    assert set(wire_highlights(desk, paper)) == {"kill_state"}
    assert [mode(reports) for reports in ([native], [paper], [native, paper], [])] == [
        "native", "paper", "mixed", "paper",
    ]  # fmt: skip
