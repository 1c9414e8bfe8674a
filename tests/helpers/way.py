"""A strategy's way from raw bytes to targets without a house: the chains of its TOMLs, module by module."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from cws.execution import desk
from cws.instruments import instruments_table
from cws.sources import locate, read
from cws.stages import Unit, chain
from cws.strategies import Catalogue
from cws.trials import Task, evaluate
from modules.runner import Value, run
from modules.sealed import Sealed
from modules.tables import PRIOR_TRIALS
from modules.values import Table, make_table, raw_bytes

# Judges of an account: nothing after them uses what they say.
JUDGES = ("performance", "bootstrap_ci", "deflated_sharpe")


@dataclass
class CountingSink:
    """Counts looks in memory, and remembers in which order it was called."""

    looks: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def record(self, task: Task) -> int:
        self.calls.append("record")
        self.looks[task.key] = self.looks.get(task.key, 0) + 1
        return self.looks[task.key]

    def conclude(self, task: Task, looks: int, tables: Mapping[str, Table]) -> None:
        self.calls.append("conclude")


def source_bytes(catalogue: Catalogue, name: str) -> bytes:
    """The real file of a strategy's dataset, as it came."""
    dataset = catalogue.dataset_of(catalogue.strategy(name))
    return read(locate(dataset.source, catalogue.folder / "datasets")).data


def opened(outcome: Mapping[str, Value]) -> dict[str, Value]:
    """Sealed values opened as a counted trial of no home."""
    sealed = {name: value for name, value in outcome.items() if isinstance(value, Sealed)}
    asked = Task("test", "b3:", {}, "all", "b3:", lambda: sealed)
    return {**outcome, **evaluate(asked, CountingSink()).tables}


def no_trials() -> Table:
    nothing = {"key": pd.Series([], dtype="str"), "sharpe": pd.Series([], dtype="float64")}
    return make_table(pd.DataFrame(nothing), PRIOR_TRIALS, "test")


def through(unit: Unit, tables: Mapping[str, Value], without: tuple[str, ...] = JUDGES) -> dict[str, Value]:
    """The tables after a unit's chain; every acceptance check must have passed."""
    found = dict(tables)
    for bound in chain(unit):
        if bound.module.name in without:
            continue
        outcome = run(bound, found)
        if outcome.failure is not None:
            raise outcome.failure
        assert outcome.trace.failed_checks == [], (bound.module.name, outcome.trace.failed_checks)
        found |= outcome.outputs
    return found


def way(catalogue: Catalogue, name: str, data: bytes, stages: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    """Every table that the strategy's stages make of the bytes."""
    strategy = catalogue.strategy(name)
    dataset = catalogue.dataset_of(strategy)
    tables: dict[str, Value] = {"raw": raw_bytes(data), "prior_trials": no_trials()}
    for stage in stages:
        if stage == "execute":
            # Without a house nothing goes out and nothing comes back.
            tables |= {"submission": desk.worded(strategy.name, desk.PAPER), "executions": desk.nothing()}
        tables = through(Unit(stage, dataset, None if stage in ("ingest", "clean") else strategy), tables)
        if stage == "ingest":
            raw_bars = tables["raw_bars"]
            assert isinstance(raw_bars, Table)
            tables["instruments"] = instruments_table(dataset, raw_bars.frame)
        if stage == "backtest":
            tables = opened(tables)
    return {table: value.frame for table, value in tables.items() if isinstance(value, Table)}


def figures(seal: Sealed) -> list[str]:
    """The outcome's numbers as text, as somebody would recognise them."""
    table = opened({"stats": seal})["stats"]
    assert isinstance(table, Table)
    return [f"{value:.6g}"[:6] for value in table.frame["value"].dropna() if value not in (319.0, 320.0)]
