"""`cws traces`: what every module run did, and one of them whole with what it hangs together with."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.invocation import cws, nothing_yet
from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    import pandas as pd

    from cws.house import House

COLUMNS = ("trace", "time", "unit", "stage", "module", "rows in", "out", "refused", "ms", "MB", "checks", "error")
AS_JSON = ("settings", "skills", "inputs", "outputs", "checks", "warnings", "profile")
SHORTEST_ID = 4
# Column -> the option that chooses by it.
OPTIONS = {"strategy": "strategy", "unit_stage": "stage", "module": "module", "run_id": "run"}


def failed(row: dict[str, Any]) -> bool:
    return bool(row["error"]) or any(not check["passed"] for check in row["checks"])


def parsed(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows as dicts, with what is stored as JSON read back."""
    rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    return [row | {name: json.loads(row[name]) for name in AS_JSON} for row in rows]


def chosen(house: "House", wanted: dict[str, str | None]) -> "pd.DataFrame":
    """The traces with these values, oldest first. Raises CWS-TRACE-002 where no trace at all has one of them."""
    from cws.trace_log import read_traces
    from modules.errors import CwsError
    from modules.settings import nearest

    everything = frame = read_traces(house)
    for name, value in wanted.items():
        if value is None:
            continue
        fits = everything[name].str.startswith(value) if name == "run_id" else everything[name] == value
        if len(everything) and not fits.any():
            raise CwsError(
                "CWS-TRACE-002",
                what=f"no trace has the {OPTIONS[name]} {value!r}",
                where=f"--{OPTIONS[name]}",
                fix=nearest(value, set(everything[name])),
            )
        frame = frame[fits.loc[frame.index]]
    return frame


def one(house: "House", trace_id: str) -> dict[str, Any]:
    """The trace whose id begins so, with its links. Raises CWS-TRACE-001 (none or several)."""
    from cws.trace_links import links, published_by
    from cws.trace_log import read_traces
    from modules.errors import CwsError

    frame = read_traces(house)
    found = frame[frame["trace_id"].str.startswith(trace_id)] if len(trace_id) >= SHORTEST_ID else frame.head(0)
    if len(found) != 1:
        raise CwsError(
            "CWS-TRACE-001",
            what=f"{len(found) or 'no'} traces begin with {trace_id[:40]!r}",
            where=f"{len(frame)} traces",
            fix=f"give more characters of an id, at least {SHORTEST_ID}: cws traces",
        )
    (row,) = parsed(found)
    return row | {"links": asdict(links(house, row, published_by(house)))}


def _line(screen: Screen, row: dict[str, Any]) -> tuple[Any, ...]:
    checks = row["checks"]
    passed = sum(check["passed"] for check in checks)
    return (
        screen.hash(row["trace_id"]), screen.time(row["ts_avail"]), row["strategy"], row["unit_stage"], row["module"],
        row["rows_in"], row["rows_out"], row["rows_refused"], round(row["wall_ns"] / 1e6, 1),
        row["peak_rss_rise_kb"] // 1024, f"{passed}/{len(checks)}", row["error"],
    )  # fmt: skip


def _show_one(screen: Screen, row: dict[str, Any]) -> None:
    nested = (*AS_JSON, "links")
    screen.facts(f"Trace {row['trace_id']}", {name: value for name, value in row.items() if name not in nested})
    for name in ("links", "settings", "skills", "inputs", "outputs"):
        if row[name]:
            screen.facts(name.capitalize(), {key: screen.brief(str(value)) for key, value in row[name].items()})
    screen.line()
    if row["profile"]:
        figures = ("p01", "p50", "p99", "nan_share", "distinct")
        rows = [(column, *(told[name] for name in figures)) for column, told in row["profile"].items()]
        screen.table("Profile of the primary output", ("column", *figures), rows)
    rows = [(c["name"], "passed" if c["passed"] else "FAILED", c["measured"], c["bound"]) for c in row["checks"]]
    screen.table("Checks", ("check", "", "measured", "bound"), rows)
    for warning in row["warnings"]:
        screen.line(f"warning: {warning}")


def traces(
    trace: Annotated[str | None, typer.Argument(metavar="ID", help="One trace, whole, with its links.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Only this strategy's or dataset's.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only what ran for this stage.")] = None,
    module: Annotated[str | None, typer.Option(help="Only this module's.")] = None,
    run: Annotated[str | None, typer.Option(help="Only this run's: the Dagster run id or its beginning.")] = None,
    only_failed: Annotated[bool, typer.Option("--failed", help="Only errors and failed checks.")] = False,
    slowest: Annotated[bool, typer.Option("--slow", help="Slowest first, not newest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Print what module runs did: rows, time, memory, checks, error.

    Newest first; with an ID one trace whole, with its Dagster run, ledger entry, trial and MLflow run.
    """
    from cws.home import settings
    from cws.house import open_house

    house, screen = open_house(settings()), Screen()
    if trace is not None:
        row = one(house, trace)
        print_json(row) if as_json else _show_one(screen, row)
        return
    frame = chosen(house, {"strategy": strategy, "unit_stage": stage, "module": module, "run_id": run})
    rows = [row for row in parsed(frame) if failed(row) or not only_failed][::-1]
    rows = sorted(rows, key=lambda row: -row["wall_ns"]) if slowest else rows
    if as_json:
        print_json({"traces": rows[:limit], "found": len(rows)})
    elif not rows and not house.lake.tables():
        screen.line(nothing_yet())
    else:
        screen.table(
            f"{min(limit, len(rows))} of {len(rows)} traces", COLUMNS, [_line(screen, r) for r in rows[:limit]]
        )
        screen.line(f"One whole: {cws()} traces ID")
