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
    from dagster import DagsterExecutionInterruptedError
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
        try:
            return run_main(chosen, names, progress)
        except DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None


def run(
    strategy: Annotated[
        list[str] | None, typer.Option(help="Only this strategy; repeatable. All when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run every strategy through six stages; print what happened.

    Exit 1 when a check failed or a stage did, as one does that is refused its data.
    """
    from cws_dagster.positions import adjusted, positions
    from cws_dagster.show_run import Notes, show
    from cws_dagster.summary import summarise

    outcome = _run(strategy or ())
    summary = summarise(outcome)
    if as_json:
        print_json(summary)
    else:
        caveats = {name: one.caveat for name, one in outcome.catalogue.strategies.items()}
        refused = {f"{r.unit}.{r.stage}": r.rows_quarantined for r in outcome.reports if r.rows_quarantined}
        lots = {one["name"]: one["targets"] for one in summary["strategies"]}
        show(Screen(), summary, Notes(caveats, refused, positions(outcome, lots), adjusted(outcome)))
    # Dagster makes an op's failure of Ctrl-C; what was published before stands, and a rerun completes it.
    if any("DagsterExecutionInterruptedError" in error for error in outcome.errors):
        raise KeyboardInterrupt
    raise typer.Exit(0 if outcome.succeeded else 1)
