"""A made-up world on the way through modules, once: what each took and gave, for oracles to count breaks in.

A program is a list of steps that takes every setting from the modules' own TOMLs, or from a patch, except where the
world itself decides (its calendar, its columns). Strategies' overrides play no part: a ruler is judged as it stands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from cws.ablation.rehearsal import Reuse, failed
from cws.market.spec import World
from cws.patches import Patch
from cws.trials import Sink, Task, evaluate
from modules.canonical import json_hash
from modules.registry import load
from modules.runner import ModuleRun, Value, run
from modules.sealed import Sealed
from modules.settings import Bound, bind
from modules.values import Table

Kind = Literal["planted", "untouched"]
KINDS: tuple[Kind, ...] = ("planted", "untouched")
# What an oracle counts where the modules that it looks at refused, or broke a check of their own.
MOST_BREAKS = 1_000_000


@dataclass(frozen=True)
class Step:
    """A module, the settings that the world decides, and which table of the scene it takes under another name."""

    module: str
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    takes: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Program:
    """Two worlds, one with everything planted that can go wrong and one without, and the steps they go through."""

    name: str
    worlds: Mapping[Kind, World]
    opening: Callable[[World, int], dict[str, Value]]
    steps: tuple[Step, ...]

    def bounds(self, patch: Patch | None = None) -> list[Bound]:
        return [_bound(step, patch) for step in self.steps]


@dataclass(frozen=True)
class Seen:
    """The tables that a module took and gave."""

    before: Mapping[str, pd.DataFrame]
    after: Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Scene:
    """`runs` by module; `failure` says which module refused or broke a check of its own, "" when none."""

    world: World
    seed: int
    runs: Mapping[str, Seen]
    hash: str
    failure: str = ""


def _bound(step: Step, patch: Patch | None) -> Bound:
    module = load(step.module)
    if patch is None or patch.module != step.module:
        return bind(module, step.settings)
    return bind(module, {**patch.settings, **step.settings}, patch.skills)


def changes(program: Program, patch: Patch) -> bool:
    """Whether the program would run differently under the patch."""
    pairs = zip(program.bounds(), program.bounds(patch), strict=True)
    return any(now.settings_hash != then.settings_hash for now, then in pairs)


@dataclass(frozen=True)
class Walk:
    """The runs of a program before anything sealed is opened; `hash` is over every output."""

    opening: Mapping[str, str]
    runs: Mapping[str, ModuleRun]
    inputs: Mapping[str, Mapping[str, Value]]
    failure: str

    @property
    def made(self) -> dict[tuple[str, str], Value]:
        """Outputs by (module, table)."""
        return {(name, table): value for name, one in self.runs.items() for table, value in one.outputs.items()}

    @property
    def hash(self) -> str:
        outputs = {f"{name}.{table}": value.hash for (name, table), value in sorted(self.made.items())}
        return json_hash({"outputs": outputs, "failure": self.failure})


def walk(program: Program, kind: Kind, seed: int, patch: Patch | None = None, reuse: Reuse | None = None) -> Walk:
    """Run the steps up to the first that fails; nothing sealed is opened."""
    tables = program.opening(program.worlds[kind], seed)
    opening = {name: value.hash for name, value in sorted(tables.items())}
    runs, inputs = dict[str, ModuleRun](), dict[str, Mapping[str, Value]]()
    for step, bound in zip(program.steps, program.bounds(patch), strict=True):
        taken = {name: tables[step.takes.get(name, name)] for name in bound.module.takes}
        outcome = reuse.run(bound, taken) if reuse is not None else run(bound, taken)
        if failure := failed(outcome):
            return Walk(opening, runs, inputs, f"{step.module}: {failure}")
        runs[step.module], inputs[step.module] = outcome, taken
        tables |= outcome.outputs
    return Walk(opening, runs, inputs, "")


def play_scene(
    program: Program, kind: Kind, seed: int, sink: Sink, patch: Patch | None = None, reuse: Reuse | None = None
) -> Scene:
    """The walk with what was sealed opened, as a counted trial of the made-up market."""
    walked = walk(program, kind, seed, patch, reuse)
    opened = _opened(program, seed, walked, sink)
    runs = {
        name: Seen(
            {table: _frame(value, opened) for table, value in walked.inputs[name].items()},
            {table: _frame(value, opened) for table, value in one.outputs.items()},
        )
        for name, one in walked.runs.items()
    }
    return Scene(program.worlds[kind], seed, runs, walked.hash, walked.failure)


def _opened(program: Program, seed: int, walked: Walk, sink: Sink) -> dict[str, pd.DataFrame]:
    """Every sealed outcome by its hash."""
    sealed = {"/".join(place): value for place, value in walked.made.items() if isinstance(value, Sealed)}
    if not sealed:
        return {}
    settings = json_hash({name: one.trace.settings_hash for name, one in walked.runs.items()})
    task = Task(f"world_{program.name}", settings, walked.opening, f"seed {seed}", "", lambda: sealed)
    return {table.hash: table.frame for table in evaluate(task, sink).tables.values()}


def _frame(value: Value, opened: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What a module saw; bytes show no rows."""
    if isinstance(value, Sealed):
        return opened[value.hash]
    return value.frame if isinstance(value, Table) else pd.DataFrame()
