"""Progress on stderr: of the main job a bar a stage or a line a finished unit, of a batch its sets and their rate."""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from assets.desk import Progress
    from cws.batch.run import Progress as BatchProgress

PUBLISH = "publish"
LINE_EVERY_S = 2.0
# Stage -> unit -> number of modules in its chain.
Plan = Mapping[str, Mapping[str, int]]


class StageBars:
    """One bar a stage; a unit counts one step a module and one for its publication."""

    def __init__(self, plan: Plan, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._done: dict[tuple[str, str], int] = {}
        self._totals = {stage: sum(units.values()) + len(units) for stage, units in plan.items()}
        for stage, total in self._totals.items():
            self._tasks[stage] = bars.add_task(stage, total=total, now="")

    def __call__(self, stage: str, unit: str, module: str, done: int, total: int) -> None:
        self._done[stage, unit] = total + 1 if module == PUBLISH else done
        completed = sum(count for (its_stage, _), count in self._done.items() if its_stage == stage)
        now = "" if completed == self._totals[stage] else f"{unit} {module}"
        self._bars.update(self._tasks[stage], completed=completed, now=now)


class UnitLines:
    """One line a unit of a stage that was published, with the seconds since the start."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._console = console
        self._left = {stage: len(units) for stage, units in plan.items()}
        self._started = time.monotonic()

    def __call__(self, stage: str, unit: str, module: str, done: int, total: int) -> None:
        if module != PUBLISH:
            return
        self._left[stage] -= 1
        left = f", {self._left[stage]} to go" if self._left[stage] else ", stage done"
        self._console.print(
            f"{time.monotonic() - self._started:6.1f} s  {stage} {unit}: {total} modules{left}", soft_wrap=True
        )


@contextmanager
def shown(plan: Plan, console: Console) -> Generator["Progress"]:
    """What `Desk.progress` calls while the main job runs."""
    if not console.is_terminal:
        yield UnitLines(plan, console)
        return
    with Bars(*_columns(), console=console) as bars:
        yield StageBars(plan, bars)


class SetLines:
    """A line every few seconds: sets done, rate and time left of a batch."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said_s = float("-inf")

    def __call__(self, done: int, total: int, rate: float, left_s: float) -> None:
        now_s = time.monotonic()
        if done < total and now_s - self._said_s < LINE_EVERY_S:
            return
        self._said_s = now_s
        pace = f", {rate:,.1f} a second, {timedelta(seconds=round(left_s))} to go" if rate else ""
        self._console.print(f"{done:,} of {total:,} sets{pace}", soft_wrap=True)


@contextmanager
def sets_shown(console: Console) -> Generator["BatchProgress"]:
    """What a batch calls as its sets are concluded: a bar on a terminal, lines in a pipe."""
    if not console.is_terminal:
        yield SetLines(console)
        return
    with Bars(*_columns(), TimeRemainingColumn(), console=console) as bars:
        task = bars.add_task("sets", total=None, now="")

        def update(done: int, total: int, rate: float, left_s: float) -> None:
            bars.update(task, completed=done, total=total, now=f"{rate:,.1f} a second" if rate else "")

        yield update


def _columns() -> tuple[ProgressColumn, ...]:
    return (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}"),
    )
