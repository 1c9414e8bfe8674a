"""The six stages: what each reads from the lake, which chain of modules it runs, what it commits.

`assets/` runs these pieces as Dagster ops, `cws.reproduce` in a loop: nothing of a stage is said twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from cws.strategies import Catalogue, Dataset, Strategy
from modules.contract import STAGES
from modules.errors import CwsError
from modules.settings import Bound
from modules.values import Table

# Account-dependent sizing (a module that takes the account's equity) cannot run before the backtest has made one.
ACCOUNT = "equity"
FEATURE_TABLES = ("returns", "signal", "vol")
# Table name inside a stage -> (lake table, what of the part follows the unit's name).
READS: Mapping[str, Mapping[str, str]] = {
    "ingest": {},
    "clean": {"raw_bars": "raw_bars", "sessions": "sessions", "instruments": "instruments"},
    "feature": {"bars": "ohlcv", "sessions": "sessions"},
    "backtest": {"bars": "ohlcv"},
    "size": {"bars": "ohlcv", "instruments": "instruments", "equity": "equity"},
    "execute": {"bars": "ohlcv", "instruments": "instruments", "targets": "targets"},
}
COMMITS: Mapping[str, Mapping[str, str]] = {
    "ingest": {"raw_bars": "raw_bars", "sessions": "sessions", "instruments": "instruments"},
    "clean": {"bars": "ohlcv", "actions": "corporate_actions"},
    "feature": {},
    "backtest": {
        "equity": "equity",
        "weights": "weights",
        "holdings": "holdings",
        "trades": "trades",
        "costs_by_kind": "costs_by_kind",
        "stats": "stats",
        "intervals": "intervals",
        "deflated": "deflated",
    },
    "size": {"targets": "targets"},
    "execute": {
        "orders": "orders",
        "parents": "parents",
        "executions": "executions",
        "fills": "fills",
        "breaks": "breaks",
        "positions": "positions",
        "book": "book",
    },
}
# What is no table of the lake: the record of trials, what every order carries, and what the wire answered.
MADE_BY_THE_SHELL: Mapping[str, set[str]] = {"backtest": {"prior_trials"}, "execute": {"submission", "executions"}}
OF_DATASET = ("raw_bars", "sessions", "instruments", "ohlcv", "corporate_actions")
# The table whose rows a stage answers for, before and after.
ROWS: Mapping[str, tuple[str, str]] = {
    "ingest": ("", "raw_bars"),
    "clean": ("raw_bars", "bars"),
    "feature": ("bars", "signal"),
    "backtest": ("signal", "holdings"),
    "size": ("signal", "targets"),
    "execute": ("", "orders"),
}


# What a chain must leave behind for the stages after it.
MUST_GIVE: Mapping[str, tuple[str, ...]] = {
    "ingest": ("raw_bars", "sessions"),
    "clean": ("bars",),
    "feature": ("signal",),
    "backtest": ("equity", "holdings", "stats", "deflated"),
    "size": ("targets",),
    "execute": ("orders", "fills", "breaks", "positions", "book"),
}


@dataclass(frozen=True)
class Unit:
    """One box of the lineage: a stage of a dataset or of a strategy."""

    stage: str
    dataset: Dataset
    strategy: Strategy | None = None

    def __post_init__(self) -> None:
        assert self.stage in STAGES, self.stage

    @property
    def recipe(self) -> Dataset | Strategy:
        return self.strategy or self.dataset

    @property
    def name(self) -> str:
        return self.recipe.name

    @property
    def part(self) -> str:
        """The part of per-stage tables (quarantine)."""
        return f"{self.name}.{self.stage}"


def units(catalogue: Catalogue, stage: str) -> list[Unit]:
    """The stage's boxes: one a dataset for ingest and clean, one a strategy after that."""
    if stage in ("ingest", "clean"):
        used = {strategy.dataset for strategy in catalogue.strategies.values()}
        return [Unit(stage, dataset) for name, dataset in catalogue.datasets.items() if name in used]
    return [Unit(stage, catalogue.dataset_of(s), s) for s in catalogue.strategies.values()]


def chain(unit: Unit) -> list[Bound]:
    """The modules of a unit in order; a backtest first runs the path-independent sizing over history.

    Raises CWS-STRATEGY-008 when a module takes a table that nothing before it gives, -010 when the chain leaves out
    what later stages need, and -009 when sizing that needs no account stands after sizing that does: it would never
    have been tested.
    """
    bounds = unit.recipe.bound_chain(unit.stage)
    if unit.stage == "backtest":
        bounds = tested_sizing(unit) + bounds
    _refuse_missing_tables(unit, bounds)
    return bounds


def tested_sizing(unit: Unit) -> list[Bound]:
    """The sizing that runs over history in the backtest as well: all before the first module that needs an account."""
    sizing = unit.recipe.bound_chain("size")
    needs_account = [ACCOUNT in bound.module.takes for bound in sizing]
    first = needs_account.index(True) if True in needs_account else len(sizing)
    if not all(needs_account[first:]):
        late = next(
            b.module.name for b, account in zip(sizing[first:], needs_account[first:], strict=True) if not account
        )
        raise CwsError(
            "CWS-STRATEGY-009",
            what=f"{late} needs no account but stands after {sizing[first].module.name}, which does",
            where=f"{unit.name}.toml [size]",
            fix=f"move {late} before {sizing[first].module.name}, so that the backtest tests it",
        )
    return sizing[:first]


def _refuse_missing_tables(unit: Unit, bounds: list[Bound]) -> None:
    known = available(unit)
    for bound in bounds:
        for table in bound.module.takes:
            if table not in known:
                raise CwsError(
                    "CWS-STRATEGY-008",
                    what=f"{bound.module.name} takes {table!r}, which nothing before it gives",
                    where=f"{unit.name}.toml [{unit.stage}]",
                    fix=f"known here: {', '.join(sorted(known))}",
                )
        known |= set(bound.module.gives)
    given = {name for bound in bounds for name in bound.module.gives}
    for table in MUST_GIVE[unit.stage]:
        if table not in given:
            raise CwsError(
                "CWS-STRATEGY-010",
                what=f"no module of the chain gives {table!r}",
                where=f"{unit.name}.toml [{unit.stage}]",
                fix=f"the stages after it need {', '.join(MUST_GIVE[unit.stage])}",
            )


def available(unit: Unit) -> set[str]:
    """Tables that a unit's chain may take from the start."""
    given = {"raw"} if unit.stage == "ingest" else set(READS[unit.stage])
    if unit.strategy is not None and unit.stage in ("backtest", "size"):
        given |= set(feature_tables(unit))
    return given | MADE_BY_THE_SHELL.get(unit.stage, set())


def feature_tables(unit: Unit) -> list[str]:
    """The feature tables that the strategy's feature chain leaves behind, in order of first appearance."""
    made = [name for bound in unit.recipe.bound_chain("feature") for name in bound.module.gives]
    return [name for name in dict.fromkeys(made) if name in FEATURE_TABLES]


def part_of(unit: Unit, table: str) -> str:
    return unit.dataset.name if table in OF_DATASET else unit.name


def reads(unit: Unit) -> Iterator[tuple[str, str, str]]:
    """(table name inside the stage, lake table, part) of everything that a unit reads."""
    for name, table in READS[unit.stage].items():
        yield name, table, part_of(unit, table)
    if unit.stage in ("backtest", "size"):
        for name in feature_tables(unit):
            yield name, "features", f"{unit.name}.{name}"


def outputs(unit: Unit, tables: Mapping[str, Table]) -> dict[str, tuple[str, str, pd.DataFrame]]:
    """What a unit commits: name -> (lake table, part, frame), in commit order."""
    if unit.stage == "feature":
        return {name: ("features", f"{unit.name}.{name}", tables[name].frame) for name in feature_tables(unit)}
    return {
        name: (table, part_of(unit, table), tables[name].frame)
        for name, table in COMMITS[unit.stage].items()
        if name in tables
    }
