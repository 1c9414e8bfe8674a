"""What people would rather look at than rows, stage by stage: reasons, spreads, the account's line, the top targets.

Dagster shows markdown below 1,000 characters at once and longer behind a click, and draws a history of every float.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import dagster as dg
import pandas as pd

from assets.desk import Desk
from assets.wire_highlights import mode, wire_highlights
from cws.home import Settings
from cws.publish import Report
from cws.stages import Unit
from cws.trials import statistic
from cws.views.show import Shown, show_backtest

TOP_TARGETS = 8
TOP_REASONS = 12


def highlights(desk: Desk, unit: Unit, report: Report) -> dict[str, Any]:
    """Extra metadata of a stage's asset; the tables are read as they were published."""
    match report.stage:
        case "clean":
            return _quarantine(desk, report) | _span(desk, report)
        case "feature":
            return _spreads(desk, report)
        case "backtest":
            views = _views(show_backtest(desk.house, unit, report)) if desk.views == "on" else {}
            return views | _figures(desk, report)
        case "size":
            return _targets(desk.house.lake.read(report.pins["targets"]))
        case "execute":
            return book_highlights(desk, [report]) | wire_highlights(desk, report)
        case _:
            return {}


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A markdown table; every column after the first is aligned to the right."""
    lines = [" | ".join(header), " | ".join(["---", *["---:"] * (len(header) - 1)])]
    lines += [" | ".join(f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row) for row in rows]
    return dg.MetadataValue.md("\n".join(f"| {line} |" for line in lines))


def _quarantine(desk: Desk, report: Report) -> dict[str, Any]:
    refused = desk.house.lake.read(report.pins["quarantine"])
    counts = refused.groupby(["reason", "module"], as_index=False).size().sort_values("size", ascending=False)
    rows = list(counts.head(TOP_REASONS).itertuples(index=False, name=None))
    share = report.rows_quarantined / report.rows_in if report.rows_in else 0.0
    table = markdown(("reason", "module", "rows"), rows) if rows else "nothing was refused"
    return {"quarantine": table, "quarantined_share": share}


def _span(desk: Desk, report: Report) -> dict[str, Any]:
    bars = desk.house.lake.read(report.pins["bars"], columns=["symbol", "ts_event"])
    if bars.empty:
        return {}
    by_symbol = bars.groupby("symbol")["ts_event"].agg(["min", "max", "size"])
    rows = [(symbol, _day(first), _day(last), count) for symbol, first, last, count in by_symbol.itertuples()]
    return {"symbols": len(rows), "span": markdown(("symbol", "first", "last", "bars"), rows)}


def _day(ts_ns: int) -> str:
    return str(pd.Timestamp(ts_ns).date())


def _spreads(desk: Desk, report: Report) -> dict[str, Any]:
    rows: list[tuple[object, ...]] = []
    shares: dict[str, float] = {}
    for name, pin in report.pins.items():
        if pin.table != "features":
            continue
        value = desk.house.lake.read(pin, columns=["value"])["value"]
        missing = float(value.isna().mean()) if len(value) else 0.0
        rows.append((name, len(value), f"{missing:.1%}", *(float(value.quantile(q)) for q in (0.0, 0.5, 1.0))))
        shares[f"missing_share/{name}"] = missing
    return {"features": markdown(("table", "rows", "missing", "min", "median", "max"), rows), **shares}


def _views(shown: Shown) -> dict[str, Any]:
    """The small line at once, the picture behind a click, the MLflow run's page."""
    found: dict[str, Any] = {}
    if shown.spark:
        found["equity"] = dg.MetadataValue.md(shown.spark)
    if shown.picture:
        found["equity_and_drawdown"] = dg.MetadataValue.md(shown.picture)
    if shown.run is not None:
        found["mlflow_run"] = dg.MetadataValue.md(_mlflow_link(shown.run.page))
    if shown.warning:
        found["views_warning"] = shown.warning
    return found


def _mlflow_link(page: str) -> str:
    """The page below MLflow's address, with a link for the default port: what is set now may not be when it is read."""
    port = int(Settings.model_fields["mlflow_port"].default)
    return f"[{page}](http://127.0.0.1:{port}{page}): the link holds for port {port}; `cws ui` prints MLflow's address"


def _figures(desk: Desk, report: Report) -> dict[str, Any]:
    """Figures of the account and of the trial; the deflated Sharpe, or why it cannot be said."""
    figures = cast(Mapping[str, float | None], report.details["figures"])
    found: dict[str, Any] = {f"backtest/{name}": float(value) for name, value in figures.items() if value is not None}
    if "deflated" in report.pins:
        deflated = desk.house.lake.read(report.pins["deflated"])
        value, why = statistic(deflated, "deflated_sharpe"), deflated.loc[deflated["name"] == "deflated_sharpe", "why"]
        found["backtest/deflated_sharpe"] = value if math.isfinite(value) else next(iter(why), "not computed")
    return {**found, "backtest/looks": int(str(report.details["looks"])), "trial": str(report.details["key"])}


def _targets(targets: pd.DataFrame) -> dict[str, Any]:
    """The largest positions after the last bar; a bar without a decision keeps the weight of the last one."""
    by_symbol = targets.groupby("symbol")[["target_lots", "weight", "reference_price"]].last()
    held = by_symbol[by_symbol["target_lots"] != 0]
    largest = held.reindex(held["weight"].abs().sort_values(ascending=False, kind="stable").index).head(TOP_TARGETS)
    rows = list(largest.itertuples(name=None))
    return {
        "top_targets": markdown(("symbol", "lots", "weight", "price"), rows) if rows else "no position",
        "gross_weight": float(held["weight"].abs().sum()),
        "net_weight": float(held["weight"].sum()),
        "names_held": len(held),
    }


def book_highlights(desk: Desk, reports: Sequence[Report]) -> dict[str, Any]:
    """Orders, fills, costs and the account at the end, per strategy"""
    lake = desk.house.lake
    rows: list[tuple[object, ...]] = []
    for report in reports:
        fills, book = lake.read(report.pins["fills"]), lake.read(report.pins["book"])
        value = float(book["equity_usd"].iloc[-1]) if len(book) else 0.0
        paid = float(fills["commission_usd"].sum())
        refused = report.rows_quarantined
        rows.append((report.unit, report.pins["orders"].rows, len(fills), refused, f"{paid:,.0f}", f"{value:,.0f}"))
    header = ("strategy", "orders", "fills", "refused", "costs, USD", "equity at the end, USD")
    return {"strategies": markdown(header, rows), "execution": mode(reports)}
