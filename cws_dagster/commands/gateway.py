"""`cws gateway`: the native processes that outlive this command."""

from typing import Any

import typer

from cws_dagster.screen import AsJson, Screen, print_json


def up(as_json: AsJson = False) -> None:
    """Start the free-running gateway, or find it.

    The bundled venue, the risk core and the gateway, kept up by a supervisor of their own: they live on when this
    command, Dagster or the terminal ends.
    """
    from cws.execution.binaries import refuse_paper
    from cws.execution.live import start
    from cws.home import settings
    from cws.house import open_house
    from cws.strategies import catalogue

    chosen = settings()
    refuse_paper(chosen.gateway_bin, chosen.execution)
    _say(start(open_house(chosen), catalogue(chosen.strategies)), as_json)


def down(as_json: AsJson = False) -> None:
    """End what runs in this home.

    The free-running gateway and what is left of runs. Journals stay; their heads go into the ledger. Exit 1 where a
    process will not go.
    """
    from cws.execution.live import end
    from cws.home import settings
    from cws.house import open_house

    found = end(open_house(settings()))
    if as_json:
        print_json(found)
    else:
        nothing = "nothing" if found["left"] else "nothing ran"
        said = {"ended": ", ".join(found["ended"]) or nothing}
        Screen().facts("Gateway", said | ({"still there": ", ".join(found["left"])} if found["left"] else {}))
    if found["left"]:
        raise typer.Exit(1)


def status(as_json: AsJson = False) -> None:
    """Print what runs, what ran, what is killed.

    With what each process says of itself.
    """
    from cws.execution.state import gather
    from cws.home import settings
    from cws.house import open_house

    chosen = settings()
    found = gather(open_house(chosen), chosen)
    if as_json:
        print_json(found)
        return
    screen = Screen()
    facts = {"execution": found["execution"], "isolation": f"{found['isolation']}: {found['why']}"}
    if found["why_paper"]:
        facts["why paper"] = found["why_paper"]
    folders = found["run_folders"]
    facts["run folders"] = f"{folders['in_all']}, {folders['void']} of void days; the newest {folders['keep']} stay"
    screen.facts("Execution", facts)
    screen.line()
    places = [found["live"], *found["runs"]] if found["live"] else found["runs"]
    if places:
        screen.table("Run folders", ("run", "state", "processes", "restarts", "risk", "orders"), _rows(places))
    show_killed(screen, found["killed"])


def show_killed(screen: Screen, killed: list[dict[str, Any]]) -> None:
    """Nothing where nothing is killed."""
    if killed:
        rows = [(k["scope"], k["name"], k["trigger"], k["who"], screen.time(k["ts_ns"]), k["reason"]) for k in killed]
        screen.table("Killed", ("scope", "name", "trigger", "who", "when", "reason"), rows)


def _rows(places: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for place in places:
        pids = ", ".join(f"{name.removeprefix('cws-')} {pid}" for name, pid in place["pids"].items() if pid)
        risk, ended = place["said"]["risk"] or {}, place["ended"] or {}
        rows.append(
            (
                place["run"],
                place["state"],
                pids,
                sum(place["restarts"].values()),
                " ".join(str(risk[name]) for name in ("state", "why") if risk.get(name)) or None,
                ended.get("orders"),
            )
        )
    return rows


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        facts = {"state": found["state"], "folder": found["folder"], "desk limits": found["desk_limits"]}
        Screen().facts("Gateway", facts | found["pids"])
    if found["state"] != "up":
        raise typer.Exit(1)


COMMANDS = {"up": up, "status": status, "down": down}
