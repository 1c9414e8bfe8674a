"""`cws status`: what a home holds now, without changing it."""

import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cws_dagster.invocation import cws, nothing_yet
from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from cws.home import Home, Settings
    from cws.house import House

UNITS_S = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(then_ns: int, now_ns: int) -> str:
    """`3 min`, `2 h`, `5 d`: one figure is enough to know whether something is stale."""
    seconds = max(0, now_ns - then_ns) // 1_000_000_000
    return next((f"{seconds // length} {name}" for length, name in UNITS_S if seconds >= length), f"{seconds} s")


def size_bytes(folder: Path) -> int:
    """Bytes of all files; one that goes away while we look counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def writer(home: "Home") -> str | None:
    """Who holds the home's writer lock, None when nobody does."""
    try:
        handle = os.open(home.folder / "writer.lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"
    else:
        return None
    finally:
        os.close(handle)


def published(house: "House") -> list[dict[str, Any]]:
    """One row a unit of a stage in force, by stage: data version, rows out, checks, when."""
    from modules.canonical import combined_hash
    from modules.contract import STAGES

    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in house.ledger.entries("stage"):
        body: dict[str, Any] = entry.body
        version = combined_hash({name: pin["hash"] for name, pin in body["outputs"].items()})
        found[body["stage"], body["unit"]] = {
            "stage": body["stage"], "unit": body["unit"], "data_version": version, "rows_out": body["rows"]["rows_out"],
            "rows_quarantined": body["rows"]["rows_quarantined"], "ledger_index": entry.index, "ts_ns": entry.ts_ns,
        }  # fmt: skip
    return sorted(found.values(), key=lambda row: (STAGES.index(row["stage"]), row["unit"]))


def _last_run(house: "House") -> dict[str, Any] | None:
    runs = house.ledger.entries("run")
    return {"ts_ns": runs[-1].ts_ns, "ledger_index": runs[-1].index, **runs[-1].body} if runs else None


def gather(house: "House", chosen: "Settings") -> dict[str, Any]:
    """Everything that `status` says; reads only."""
    from cws.ablation.shipping import by_hand
    from cws.execution.state import brief
    from cws.ledger.verify import verify

    home = house.home
    record = verify(home.ledger) if home.ledger.is_dir() else None
    return {
        "home": str(home.folder),
        "bytes": size_bytes(home.folder),
        "writer": writer(home),
        **brief(house, chosen),
        "last_run": _last_run(house) if record and record["ok"] else None,
        "published": published(house) if record and record["ok"] else [],
        "by_hand": [{"ship": one.id, "module": one.module} for one in by_hand(house)]
        if record and record["ok"]
        else [],
        "ledger": {name: record[name] for name in ("entries", "head", "ok")} if record else None,
    }


def _show(screen: Screen, found: dict[str, Any], now_ns: int) -> None:
    last, record = found["last_run"], found["ledger"]
    facts = {
        "home": found["home"],
        "size": f"{found['bytes'] / 1e6:,.1f} MB",
        "writer": found["writer"] or "none",
        "execution": found["execution"].upper() + (f": {found['why_paper']}" if found["why_paper"] else ""),
        "gateway": found["gateway"],
        "isolation": f"{found['isolation']}: {found['isolation_why']}",
    }
    if record:
        facts["ledger"] = f"{record['entries']} entries, head {screen.hash(record['head'])}, " + (
            "ok" if record["ok"] else f"DAMAGED: {cws()} ledger verify"
        )
    if last:
        facts["last run"] = (
            f"{age(last['ts_ns'], now_ns)} ago: {', '.join(last['strategies'])} at {last['code_version'][:12]}"
        )
    for one in found["by_hand"]:
        facts[f"ship {one['ship']}"] = f"{one['module']}.toml is not as it left it: written by hand, and it stays"
    screen.facts("Home", facts)
    screen.line()
    rows = [
        (
            p["stage"],
            p["unit"],
            p["rows_out"],
            p["rows_quarantined"],
            screen.hash(p["data_version"]),
            age(p["ts_ns"], now_ns),
        )
        for p in found["published"]
    ]
    if rows:
        screen.table("Published", ("stage", "unit", "rows out", "quarantined", "data version", "age"), rows)
    elif record is None or record["ok"]:
        screen.line(nothing_yet())


def status(as_json: AsJson = False) -> None:
    """Print what this home holds.

    Last run, what is published, whether the ledger is sound and who writes. Exit 1 when it is not sound.
    """
    import typer

    from cws.home import settings
    from cws.house import open_house

    chosen = settings()
    found = gather(open_house(chosen), chosen)
    if as_json:
        print_json(found)
    else:
        _show(Screen(), found, time.time_ns())
    raise typer.Exit(1 if found["ledger"] and not found["ledger"]["ok"] else 0)
