"""Processes that run the main job or the stages and die or wait on the way: started by the tests.

As a script, `children.py FOLDER [STAGE ...]` walks a place's stages and prints the result hashes. A fork server pays
for the imports once, so that each child costs what it does, not what it imports.
"""

import importlib
import itertools
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from small_house import Place, hashes_in_force, result_hashes

from cws.flow import open_flow, step
from cws.publish import publish
from cws.stages import chain, units
from cws.strategies import catalogue
from cws.trace_log import tracing
from cws_dagster.main_job import run
from modules.contract import STAGES

WAIT_LIMIT_S = 120.0
PRELOAD = [
    *("cws_dagster.main_job", "cws_dagster.summary", "great_expectations", "exchange_calendars"),
    # What these import only when a table is first validated, or a log first opened.
    *("hypothesis", "pandera.strategies.pandas_strategies", "cws_dagster.event_log", "structlog", "tabulate"),
]


@cache
def server() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


def start(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    child = server().Process(target=target, args=arguments, daemon=True)
    child.start()
    return child


def ended(child: ForkServerProcess) -> int:
    """The exit code; a child that does not end is killed and shown as such."""
    child.join(WAIT_LIMIT_S)
    if child.is_alive():
        child.kill()
        raise AssertionError(f"the child did not end within {WAIT_LIMIT_S} s")
    assert child.exitcode is not None
    return child.exitcode


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_and_die(folder: Path, stage: str, module: str) -> None:
    """The main job, killed when `module` of `stage` is about to run."""

    def progress(at_stage: str, unit: str, at_module: str, done: int, total: int) -> None:
        if (at_stage, at_module) == (stage, module):
            die()

    run(Place(folder).settings, progress=progress)


def walk_and_die(folder: Path, owner: str, name: str, at: int, when: str) -> None:
    """The stages, killed `before` or `after` the `at`-th call of a function of the house."""
    strike_at(importlib.import_module(owner), name, at, when, die)
    walk(Place(folder))


def strike_at(owner: Any, name: str, at: int, when: str, strike: Callable[[], None]) -> None:
    """Strike at one call of `owner.name`; for the rest of the process's life."""
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    real, calls = getattr(owner, last), itertools.count(1)

    def call(*arguments: Any, **named: Any) -> Any:
        here = next(calls) == at
        if here and when == "before":
            strike()
        result = real(*arguments, **named)
        if here and when == "after":
            strike()
        return result

    setattr(owner, last, call)


def walk(place: Place, run_id: str = "walk", stages: Sequence[str] = STAGES) -> None:
    """The stages without Dagster: what the main job does to lake and ledger, in a fraction of its time."""
    house, found = place.house(), catalogue(place.strategies)
    with house.home.writing(run_id):
        house.ledger.recover()
        house.lake.recover()
        with tracing(house):
            for unit in (unit for stage in stages for unit in units(found, stage)):
                flow = open_flow(house, unit, place.strategies, run_id)
                for bound in chain(unit):
                    flow = step(house, flow, bound)
                publish(house, flow)


def run_and_wait(folder: Path, held: Any, go_on: Any, told: Any) -> None:
    """The main job, which stops in the middle of clean until it is told to go on; then tells its hashes."""

    def progress(at_stage: str, unit: str, at_module: str, done: int, total: int) -> None:
        if (at_stage, at_module) == ("clean", "session_filter"):
            held.set()
            assert go_on.wait(WAIT_LIMIT_S)

    told.put(result_hashes(run(Place(folder).settings, progress=progress)))


def run_when_free(folder: Path, told: Any) -> None:
    """The main job of another process, which waits for the home as long as it was told to; then tells its hashes."""
    told.put(result_hashes(run(Place(folder).settings.model_copy(update={"lock_wait_s": WAIT_LIMIT_S}))))


if __name__ == "__main__":
    walk(Place(Path(sys.argv[1])), stages=sys.argv[2:] or STAGES)
    sys.stdout.write(json.dumps(hashes_in_force(Place(Path(sys.argv[1])))))
