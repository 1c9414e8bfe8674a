"""What people see of the wire in the execute assets: the run, its processes, its latencies, and what is killed."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import dagster as dg

from assets.desk import Desk
from cws.execution.desk import NATIVE, PAPER
from cws.execution.places import run_place
from cws.execution.unheard import killed_now
from cws.publish import Report
from cws.views.latency_picture import markdown_latency

FIGURES = ("run", "parents", "orders", "trades", "refused", "journal_seq", "checkpoint")


def mode(reports: Sequence[Report]) -> str:
    """`native` where every strategy's newest orders went over the wire, `paper` where none did, else `mixed`."""
    found = {str(report.details.get("execution", PAPER)) for report in reports}
    return found.pop() if len(found) == 1 else "mixed" if found else PAPER


def wire_highlights(desk: Desk, report: Report) -> dict[str, Any]:
    """The kill state always; the run's figures, processes and latencies where there was a wire."""
    found: dict[str, Any] = {"kill_state": kill_state(desk)}
    if report.details.get("execution") != NATIVE:
        return found
    wire = cast(Mapping[str, Any], report.details["wire"])
    restarts = ", ".join(f"{name} {count}" for name, count in wire["restarts"].items() if count) or "none"
    lines = [f"| {name.replace('_', ' ')} | {wire[name]} |" for name in FIGURES]
    lines += [f"| {name} | `{str(build)[:19]}` |" for name, build in wire["builds"].items()]
    lives = cast(Mapping[str, Any], report.details.get("live", {}))
    lines += [f"| live: {name} | {said} |" for name, said in lives.items() if said]
    table = "\n".join(["| gateway | |", "|---|---|", *lines, f"| started again | {restarts} |"])
    found |= {"gateway": dg.MetadataValue.md(table), "wire_orders": wire["orders"], "wire_trades": wire["trades"]}
    ended = run_place(desk.house.home, str(wire["run"])).ended()
    if ended is not None:
        latency = ended["latency"]
        found |= {"latency": dg.MetadataValue.md(markdown_latency(latency)), "latency_p99_us": float(latency["p99_us"])}
    return found


def kill_state(desk: Desk) -> dg.MarkdownMetadataValue:
    rows = [f"| {one.scope} {one.name} | {one.trigger} | {one.who} | {one.reason} |" for one in killed_now(desk.house)]
    head = ["| killed | by | who | why |", "|---|---|---|---|"]
    return dg.MetadataValue.md("\n".join([*head, *rows]) if rows else "armed: nothing is killed")
