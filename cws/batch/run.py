"""One batch from a command to its result: plan, work, conclude, say. `cws backtest` and the Dagster job call it.

The ledger says in this order: `trial_batch` (before a chunk is opened), the rows' commits, and once `batch`. The same
question again goes on where it stopped; asked after its end it is shown, and looks at no backtest anew.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cws.batch.conclusion import conclusion
from cws.batch.plan import Plan, code_of, pins_of, same_as
from cws.batch.pool import Chunk, alone, together, worker_for
from cws.batch.recipe import Sweep, open_recipe
from cws.batch.register import Register
from cws.batch.strategy_sets import strategy_grid
from cws.batch.sweep_sets import sweep_grid
from cws.batch.work import Worker
from cws.house import House
from cws.lake.commits import Pin
from cws.stages import chain
from cws.strategies import Catalogue
from cws.trials import prior_sharpes
from modules.errors import CwsError
from modules.settings import nearest
from modules.values import Table

KIND = "backtest_batch"
MAX_SETS = 10_000
SECONDS_A_DAY = 86_400.0
# A worker process costs seconds of imports: below so many sets each it is not worth one.
WORTH_A_PROCESS = {"strategy": 16, "sweep": 200_000}
CHUNK_SETS = {"strategy": (1, 32), "sweep": (4_096, 65_536)}

# (sets done, sets in all, sets a second, seconds left)
Progress = Callable[[int, int, float, float], None]


@dataclass(frozen=True)
class Ask:
    """`grid` in words ("" for the recipe's own), `heat` two of its names; None is the house's own choice."""

    recipe: str
    grid: str = ""
    heat: str = ""
    max_sets: int | None = None
    processes: int | None = None
    chunk_sets: int | None = None


@dataclass(frozen=True)
class Batch:
    """A finished batch: `body` is the ledger's entry, `now` says whether it was computed by this call."""

    plan: Plan
    heat: tuple[str, ...]
    ledger_index: int
    body: dict[str, Any]
    now: bool

    @property
    def rows(self) -> Pin:
        return Pin(**self.body["rows"])


def silent(done: int, total: int, rate: float, left_s: float) -> None:
    """No progress."""


def plan_batch(house: House, catalogue: Catalogue, ask: Ask) -> Plan:
    """What would be done. Raises everything that can be refused before a backtest runs."""
    recipe = open_recipe(ask.recipe, catalogue)
    dataset = catalogue.datasets[recipe.dataset]
    pins = pins_of(house, dataset)
    if not isinstance(recipe, Sweep):
        grid = strategy_grid(recipe, ask.grid, ask.max_sets or MAX_SETS)
        plan = Plan(recipe, dataset, grid, (), pins, code_of(recipe), same_as(recipe, catalogue))
        chain(plan.unit)
        return plan
    bars = Table(house.lake.read(pins["bars"]), pins["bars"].hash, "bars")
    grid = sweep_grid(recipe, ask.grid, ask.max_sets)
    symbols = tuple(sorted(str(symbol) for symbol in bars.frame["symbol"].unique()))
    return Plan(recipe, dataset, grid, symbols, pins, code_of(recipe))


def heat_axes(plan: Plan, text: str) -> tuple[str, ...]:
    """The two settings of the heat map: the named ones, or the first two that vary.

    Raises CWS-BATCH-013 for a name that is not in the grid.
    """
    names = [axis.name for axis in plan.grid.axes]
    asked = [name.strip() for name in text.split(",") if name.strip()]
    for name in asked:
        if name not in names or len(asked) != 2 or asked[0] == asked[1]:
            what = f"{text!r} does not name two settings of the grid"
            raise CwsError("CWS-BATCH-013", what=what, where="--heat", fix=nearest(name, names))
    return tuple(asked or [axis.name for axis in plan.grid.axes if len(axis.values) > 1][:2])


def run_batch(house: House, catalogue: Catalogue, ask: Ask, progress: Progress = silent) -> Batch:
    """Run, resume or show a batch. Raises CWS-BATCH-* and what the stages raise; what was concluded stands."""
    with house.home.writing(f"batch of {ask.recipe}", house.lock_wait_s):
        house.ledger.recover()
        house.lake.recover()
        plan = plan_batch(house, catalogue, ask)
        heat = heat_axes(plan, ask.heat)
        for entry in reversed(house.ledger.entries(KIND)):
            if entry.body["batch"] == plan.id:
                return Batch(plan, heat, entry.index, dict(entry.body), now=False)
        register = Register(house, plan)
        worker = worker_for(house, plan, lambda key: prior_sharpes(house.lake, house.ledger, plan.counted_as, key))
        measured = _work(register, worker, ask, progress)
        body = conclusion(register, worker, measured)
        entry = house.ledger.append(KIND, body)
        return Batch(plan, heat, entry.index, dict(entry.body), now=True)


def _chunks(plan: Plan, done: int, processes: int, chunk_sets: int | None) -> list[Chunk]:
    least, most = CHUNK_SETS[plan.kind]
    wanted = chunk_sets or min(max(math.ceil(plan.sets / (4 * processes)), least), most)
    # A sweep's grid set is made for all symbols at once.
    size = max(wanted // plan.accounts, 1) * plan.accounts
    return [(first, min(first + size, plan.sets)) for first in range(done, plan.sets, size)]


def _processes(plan: Plan, asked: int | None) -> int:
    if asked is not None:
        return asked
    return max(1, min(len(os.sched_getaffinity(0)), plan.sets // WORTH_A_PROCESS[plan.kind]))


def _work(register: Register, worker: Worker, ask: Ask, progress: Progress) -> dict[str, Any]:
    """Compute what is not concluded; returns how fast it went."""
    plan, done = register.plan, register.concluded()
    processes = _processes(plan, ask.processes)
    chunks, before, started = _chunks(plan, done, processes, ask.chunk_sets), done, time.perf_counter()
    progress(done, plan.sets, 0.0, math.inf)
    made = (
        alone(worker, chunks, register.record)
        if processes == 1
        else together(register.house, plan, chunks, register.record, processes)
    )
    for rows in made:
        register.conclude(rows)
        done += len(rows.rows)
        rate = (done - before) / (time.perf_counter() - started)
        progress(done, plan.sets, rate, (plan.sets - done) / rate)
    seconds = time.perf_counter() - started
    rate = (done - before) / seconds if done > before else math.nan
    speed = {"per_second": rate, "per_day": rate * SECONDS_A_DAY}
    return {"sets": done - before, "seconds": seconds, "processes": processes, **speed}
