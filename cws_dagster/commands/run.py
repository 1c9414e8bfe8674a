"""`cws run`: the main job with its progress, then its summary."""

import contextlib
import io
import os
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from cws_dagster.main_job import Outcome


def plan(folder: Path, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Stage -> unit -> modules in its chain, for the named strategies (all when empty)."""
    from cws.stages import chain, units
    from cws.strategies import catalogue
    from modules.contract import STAGES

    found = catalogue(folder)
    picked = {name: found.strategy(name) for name in names} or dict(found.strategies)
    chosen = found.model_copy(update={"strategies": picked})
    return {stage: {unit.name: len(chain(unit)) for unit in units(chosen, stage)} for stage in STAGES}


@contextlib.contextmanager
def own_stderr() -> Generator[TextIO]:
    """stderr by a handle of our own: Dagster lends descriptor 2 to the log of each op."""
    try:
        handle = os.dup(sys.stderr.fileno())
    except (OSError, io.UnsupportedOperation):
        yield sys.stderr
        return
    with os.fdopen(handle, "w", buffering=1, encoding="utf-8", errors="replace") as stream:
        yield stream


def _run(names: Sequence[str]) -> "Outcome":
    """Run with progress on stderr; whatever a library prints meanwhile goes there too."""
    from rich.console import Console

    from cws.home import settings
    from cws_dagster.main_job import run as run_main
    from cws_dagster.progress import shown

    chosen = settings()
    planned = plan(chosen.strategies, names)
    with (
        contextlib.redirect_stdout(sys.stderr),
        own_stderr() as stream,
        shown(planned, Console(file=stream, highlight=False)) as progress,
    ):
        return run_main(chosen, names, progress)


def run(
    strategy: Annotated[
        list[str] | None, typer.Option(help="Only this strategy; repeatable. All when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run every strategy through six stages; print what happened.

    Exit 1 when a check or a stage failed.
    """
    from cws_dagster.show_run import show
    from cws_dagster.summary import summarise

    outcome = _run(strategy or ())
    summary = summarise(outcome)
    if as_json:
        print_json(summary)
    else:
        show(Screen(), summary, {name: one.caveat for name, one in outcome.catalogue.strategies.items()})
    raise typer.Exit(0 if outcome.succeeded else 1)
