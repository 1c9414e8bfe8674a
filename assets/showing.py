"""What people see of a run in the Dagster UI: column schema, row counts, small tables, figures of checks."""

import math
from collections.abc import Sequence
from typing import Any

import dagster as dg
import pandas as pd

from assets.desk import Desk
from assets.highlights import book_highlights, highlights
from cws.publish import Report
from cws.stages import Unit
from modules.columns import COLUMNS
from modules.contract import Check

PREVIEW_ROWS = 5
INLINE_CHARACTERS = 1000  # longer markdown hides behind a click
# The table that a stage is about, where it is not the first that it commits.
MAIN = {"backtest": "equity"}
TIME_COLUMNS = ("ts_event", "ts_avail", "open_ns", "close_ns")


def preview(frame: pd.DataFrame) -> str:
    """The first rows as markdown, stamps in UTC."""
    shown = frame.head(PREVIEW_ROWS).copy()
    for name in TIME_COLUMNS:
        if name in shown.columns:
            shown[name] = pd.to_datetime(shown[name], utc=True).dt.strftime("%Y-%m-%d %H:%M")
    return shown.to_markdown(index=False, floatfmt=".6g") or ""


def inline(frame: pd.DataFrame) -> str:
    """The last rows, as many as the UI shows without a click: at most PREVIEW_ROWS, at least one."""
    fitting = (
        text for rows in range(PREVIEW_ROWS, 1, -1) if len(text := preview(frame.tail(rows))) < INLINE_CHARACTERS
    )
    return next(fitting, preview(frame.tail(1)))


def check_metadata(check: Check) -> dict[str, Any]:
    """Measured value, bound and example rows of an acceptance check."""
    shown: dict[str, Any] = {"bound": check.bound} if check.bound else {}
    if math.isfinite(check.measured):
        shown["measured"] = float(check.measured)
    if check.examples is not None and len(check.examples):
        shown["examples"] = dg.MetadataValue.md(preview(check.examples))
    return shown


def _schema(frame: pd.DataFrame) -> dg.TableSchema:
    columns = [dg.TableColumn(str(name), str(frame[name].dtype), COLUMNS.get(str(name))) for name in frame.columns]
    return dg.TableSchema(columns=columns)


def asset_metadata(desk: Desk, unit: Unit, report: Report) -> dict[str, Any]:
    """The stage's highlights; rows in, refused and out; the main table's schema, count and last rows; every pin."""
    main = report.pins[MAIN[report.stage]] if report.stage in MAIN else next(iter(report.pins.values()))
    frame = desk.house.lake.read(main)
    return {
        **highlights(desk, unit, report),
        "dagster/column_schema": _schema(frame),
        "dagster/row_count": len(frame),
        "rows_in": report.rows_in,
        "rows_quarantined": report.rows_quarantined,
        "rows_out": report.rows_out,
        f"last_rows/{main.table}": dg.MetadataValue.md(inline(frame)),
        "ledger_index": int(str(report.details["ledger_index"])),
        "pins": dg.MetadataValue.md(_pins(report)),
    }


def _pins(report: Report) -> str:
    rows = [
        f"| {name} | {pin.table}/{pin.part} | {pin.version} | {pin.rows} | `{pin.hash[:19]}` |"
        for name, pin in report.pins.items()
    ]
    return "\n".join(["| table | lake | version | rows | content |", "|---|---|---|---|---|", *rows])


def book_metadata(desk: Desk, reports: Sequence[Report]) -> dict[str, Any]:
    """The book's metadata: each strategy's figures; its rows are the last positions of all strategies."""
    frames = [desk.house.lake.read(report.pins["positions"]) for report in reports]
    last = pd.concat([frame[frame["ts_event"] == frame["ts_event"].max()] for frame in frames], ignore_index=True)
    held = last[last["position_lots"] != 0].reset_index(drop=True)
    return {
        "dagster/column_schema": _schema(held),
        "dagster/row_count": len(held),
        **book_highlights(desk, reports),
        "last_rows/positions": dg.MetadataValue.md(inline(held)),
    }
