"""`cws ui`: Dagster and MLflow on this machine, until Ctrl-C."""

import os
import signal
import sys
import threading
import time
import webbrowser
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cws_dagster.servers import Servers

START_LIMIT_S = 180.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _until(stopped: threading.Event, servers: "Servers", limit_s: float) -> str:
    """Wait for both pages; returns what went wrong, empty when they answer or somebody asked to stop."""
    deadline = time.monotonic() + limit_s
    told: set[str] = set()
    while not stopped.wait(0.3):
        if ended := servers.ended():
            return "; ".join(ended)
        for name in sorted(set(servers.answering()) - told):
            typer.echo(f"{name:8} {servers.plan.addresses[name]}")
            told.add(name)
        if len(told) == len(servers.plan.addresses):
            return ""
        if time.monotonic() > deadline:
            return f"no answer within {limit_s:.0f} s: {servers.plan.logs}"
    return ""


def _watch(stopped: threading.Event, servers: "Servers") -> str:
    """Wait for the end; returns which server ended by itself, empty when somebody asked to stop."""
    while not stopped.wait(0.5):
        if ended := servers.ended():
            return "; ".join(ended)
    return ""


def _open_pages(servers: "Servers") -> None:
    """Only where there is a desktop: a text browser would take over the terminal."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(servers.plan.addresses["Dagster"])


def ui(
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the addresses, open nothing.")] = False,
) -> None:
    """Serve Dagster and MLflow on 127.0.0.1 until Ctrl-C.

    Exit 0 when stopped, 1 when a server ended by itself.
    """
    from cws.home import home_at, settings
    from cws_dagster import servers as all_servers
    from cws_dagster.instance import prepare

    chosen = settings()
    all_servers.refuse_taken(chosen.ui_port, "CWS_UI_PORT")
    all_servers.refuse_taken(chosen.mlflow_port, "CWS_MLFLOW_PORT")
    home = home_at(chosen.home)
    plan = all_servers.plan(
        home.folder, chosen.strategies.resolve(), prepare(home.dagster), chosen.ui_port, chosen.mlflow_port
    )
    servers, stopped = all_servers.Servers(plan), threading.Event()

    def ask_to_stop(signum: int, frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, ask_to_stop) for number in STOPPING}
    try:
        typer.echo("starting Dagster and MLflow ...", err=True)
        servers.start()
        wrong = _until(stopped, servers, START_LIMIT_S)
        if not wrong and not stopped.is_set():
            typer.echo("Ctrl-C stops both.", err=True)
            if not no_browser:
                _open_pages(servers)
            wrong = _watch(stopped, servers)
    finally:
        servers.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
    typer.echo(wrong or "stopped", err=True)
    raise typer.Exit(1 if wrong else 0)
