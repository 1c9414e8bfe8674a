"""A strategy's chain in memory, from the stage its ground begins with: no lake, no commits, the same bytes.

`cws.flow` walks the same chains for the house; here nothing is published, and the backtest stays sealed until
`cws.trials.evaluate` has counted it.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pandas as pd

from cws.ablation.ground import Ground
from cws.instruments import instruments_table
from cws.stages import Unit, chain
from modules.contract import STAGES
from modules.runner import ModuleRun, Value, run
from modules.settings import Bound
from modules.tables import PRIOR_TRIALS
from modules.values import Table, make_table

# Judged by the gate itself, or counted elsewhere: a rehearsal needs none of them.
LEFT_OUT = ("bootstrap_ci", "deflated_sharpe")

# A module run as a question: module, settings hash, and the hash of each table that it takes.
Asked: TypeAlias = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass
class Reuse:
    """Module runs of this process by module, settings and input hashes: equal questions are answered once.

    An A/A rerun never gets one. `runs` and `reused` are shown.
    """

    most: int = 256
    runs: int = 0
    reused: int = 0
    _known: OrderedDict[Asked, ModuleRun] = field(default_factory=OrderedDict[Asked, ModuleRun])

    def run(self, bound: Bound, tables: Mapping[str, Value]) -> ModuleRun:
        hashes = tuple((name, tables[name].hash) for name in bound.module.takes)
        key = (bound.module.name, bound.settings_hash, hashes)
        if key in self._known:
            self.reused += 1
            self._known.move_to_end(key)
            return self._known[key]
        self.runs += 1
        outcome = self._known[key] = run(bound, tables)
        while len(self._known) > self.most:
            self._known.popitem(last=False)
        return outcome


@dataclass(frozen=True)
class Rehearsal:
    """`tables` by name after the last module; `runs` in order. `failure` says which module refused, "" when none."""

    tables: Mapping[str, Value]
    runs: tuple[ModuleRun, ...]
    failure: str = ""


def no_prior_trials() -> Table:
    nothing = {"key": pd.Series([], dtype="str"), "sharpe": pd.Series([], dtype="float64")}
    return make_table(pd.DataFrame(nothing), PRIOR_TRIALS, "rehearsal")


def units(ground: Ground, stages: Sequence[str]) -> list[Unit]:
    recipes = {stage: None if stage in ("ingest", "clean") else ground.strategy for stage in stages}
    return [Unit(stage, ground.dataset, recipe) for stage, recipe in recipes.items()]


def rehearse(
    ground: Ground, stages: Sequence[str], reuse: Reuse | None = None, opened: Mapping[str, Value] | None = None
) -> Rehearsal:
    """Run `stages` in order on the ground's tables and those `opened`; stops at the first failed module or check."""
    tables: dict[str, Value] = {**ground.tables, **(opened or {})}
    tables["prior_trials"] = no_prior_trials()
    runs: list[ModuleRun] = []
    for bound in (b for unit in units(ground, stages) for b in chain(unit) if b.module.name not in LEFT_OUT):
        outcome = reuse.run(bound, tables) if reuse is not None else run(bound, tables)
        runs.append(outcome)
        if failure := failed(outcome):
            return Rehearsal(tables, tuple(runs), f"{bound.module.name}: {failure}")
        tables |= outcome.outputs
        raw_bars = outcome.outputs.get("raw_bars")
        if isinstance(raw_bars, Table):
            tables["instruments"] = instruments_table(ground.dataset, raw_bars.frame)
    return Rehearsal(tables, tuple(runs))


def reached(ground: Ground, module: str) -> tuple[Bound, dict[str, Value]] | None:
    """The module as the ground runs it up to its account, and what it takes; None where it is not reached."""
    stages = STAGES[STAGES.index(ground.begins) : STAGES.index("backtest") + 1]
    bounds = [b for unit in units(ground, stages) for b in chain(unit)]
    place = next((at for at, bound in enumerate(bounds) if bound.module.name == module), None)
    if place is None:
        return None
    tables: dict[str, Value] = {**ground.tables, "prior_trials": no_prior_trials()}
    for bound in bounds[:place]:
        outcome = run(bound, tables)
        if failed(outcome):
            return None
        tables |= outcome.outputs
    return bounds[place], {name: tables[name] for name in bounds[place].module.takes}


def failed(outcome: ModuleRun) -> str:
    """The refusal or the failed checks of a module run, "" when it worked."""
    if outcome.failure is not None:
        return outcome.trace.error
    return "failed " + ", ".join(outcome.trace.failed_checks) if outcome.trace.failed_checks else ""


def refused(rehearsal: Rehearsal) -> list[tuple[str, pd.DataFrame]]:
    """(module, refused rows) of every module that gives them, in order."""
    found: list[tuple[str, pd.DataFrame]] = []
    for outcome in rehearsal.runs:
        lost = outcome.outputs.get("refused")
        if isinstance(lost, Table):
            found.append((outcome.trace.module, lost.frame))
    return found
