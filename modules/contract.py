"""What a module is: tables in, tables out, bounded settings, an example, acceptance checks.

`@module(...)` wraps a pure function. Its name is the file's name and its stage is the folder's; the parameters of the
function are named like the tables it takes, then `settings`, then one keyword per skill.
"""

import inspect
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, TypeAlias, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandera.pandas import DataFrameSchema
from pydantic import BaseModel, ConfigDict

STAGES = ("ingest", "clean", "feature", "backtest", "size", "execute")
Schemas: TypeAlias = DataFrameSchema | type[bytes] | tuple[DataFrameSchema | type[bytes], ...]
# Who decides about a patch: the paired P&L delta, declared oracles alone, same bytes at less cost, or nobody, because
# limits take no patch.
Judge = Literal["value", "correctness", "runtime", "limit"]
JUDGES: tuple[Judge, ...] = ("value", "correctness", "runtime", "limit")


class ModuleSettings(BaseModel):
    """A module's bounded numbers and choices; the values live in the module's TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Check:
    """What an acceptance check found: the measured value, the bound it had to keep, and rows that break it."""

    passed: bool
    measured: float = float("nan")
    bound: str = ""
    examples: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        # Comparisons of arrays give numpy's own bool and float, which neither JSON nor Dagster takes.
        object.__setattr__(self, "passed", bool(self.passed))
        object.__setattr__(self, "measured", float(self.measured))


def no_row(frame: pd.DataFrame, wrong: ArrayLike, unit: str = "rows") -> Check:
    """Passed when no row of `frame` is marked; measured is how many are, and the first five are shown."""
    marked = np.asarray(wrong, dtype=bool)
    return Check(not marked.any(), float(np.count_nonzero(marked)), f"0 {unit}", frame[marked].head(5))


@dataclass(frozen=True)
class Acceptance:
    name: str
    why: str
    judge: Callable[..., bool | Check]

    def __call__(self, before: object, after: object, settings: ModuleSettings) -> Check:
        """Run the check; `before` and `after` are the frame where there is one, else a namespace by table name."""
        wants_settings = len(inspect.signature(self.judge).parameters) == 3
        found = self.judge(before, after, settings) if wants_settings else self.judge(before, after)
        return found if isinstance(found, Check) else Check(passed=found)


@dataclass(frozen=True)
class Manifest:
    """The TOML beside a module: who may judge a patch, the settings' values, the chosen skills, and the names of the
    oracles that judge `correctness` (`cws.oracles.registry`)."""

    judge: Judge
    settings: Mapping[str, object] = field(default_factory=dict)
    skills: Mapping[str, str] = field(default_factory=dict)
    oracles: Sequence[str] = ()


def _as_tuple(schemas: Schemas) -> tuple[DataFrameSchema | type[bytes], ...]:
    return schemas if isinstance(schemas, tuple) else (schemas,)


def table_name(schema: DataFrameSchema | type[bytes]) -> str:
    """Raw vendor bytes are the table `raw`; every other table is named by its schema."""
    return "raw" if isinstance(schema, type) else str(schema.name)


def namespace(tables: Mapping[str, object]) -> object:
    """The only table itself, or all of them by name: what acceptance checks receive."""
    return next(iter(tables.values())) if len(tables) == 1 else SimpleNamespace(**tables)


class Module:
    """A registered module. Calling the core function is the runner's business (`modules.runner.run`)."""

    def __init__(
        self,
        core: Callable[..., object],
        takes: Schemas,
        gives: Schemas,
        settings_type: type[ModuleSettings],
        example: Callable[[np.random.Generator], object],
    ) -> None:
        self._core = core
        self.takes = {table_name(s): s for s in _as_tuple(takes)}
        self.gives = {table_name(s): cast(DataFrameSchema, s) for s in _as_tuple(gives)}
        self.settings_type = settings_type
        self._example = example
        self.acceptance: list[Acceptance] = []
        self.path = Path(inspect.getfile(core))
        self.name, self.stage = self.path.stem, self.path.parent.name
        self.__doc__ = inspect.getdoc(inspect.getmodule(core))
        parameters = list(inspect.signature(core).parameters)
        assert core.__name__ == self.name, f"{self.path}: the function must be called {self.name}"
        assert parameters[: len(self.takes)] == list(self.takes), f"{self.name}: parameters must be {list(self.takes)}"
        assert parameters[len(self.takes)] == "settings", f"{self.name}: after the tables comes `settings`"
        self.skill_kinds = tuple(parameters[len(self.takes) + 1 :])

    def accept(self, judge: Callable[..., bool | Check]) -> Callable[..., bool | Check]:
        """Register an acceptance check: `(before, after)` or `(before, after, settings)` -> bool or Check."""
        self.acceptance.append(Acceptance(judge.__name__, (inspect.getdoc(judge) or "").strip(), judge))
        return judge

    @property
    def why(self) -> str:
        """The first sentence of the module's docstring."""
        return (self.__doc__ or self.name).split("\n")[0]

    @cached_property
    def manifest(self) -> Manifest:
        """The TOML beside the file, read once; its keys are checked by the conformance suite."""
        return Manifest(**tomllib.loads(self.path.with_suffix(".toml").read_text()))

    def example(self, rng: np.random.Generator) -> dict[str, object]:
        """Small valid inputs by table name."""
        made = self._example(rng)
        return cast(dict[str, object], made) if isinstance(made, dict) else {next(iter(self.takes)): made}


def module(
    *,
    takes: Schemas,
    gives: Schemas,
    settings: type[ModuleSettings],
    example: Callable[[np.random.Generator], object],
) -> Callable[[Callable[..., object]], Module]:
    """Declare a module; see the page's docstring for the rules, which are asserted here."""
    return lambda core: Module(core, takes, gives, settings, example)
