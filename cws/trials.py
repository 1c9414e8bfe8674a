"""The only way to a result: record the trial, then open the outcome.

A trial is any backtest that anybody or anything looked at. Its key is (strategy, settings, data versions, folds, code);
the same key again raises `looks`, not the count. Deflated Sharpe takes the count of distinct trials from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from modules.canonical import json_hash
from modules.sealed import Sealed
from modules.unsealing import unseal
from modules.values import Table


@dataclass(frozen=True)
class Task:
    """What is asked: everything that decides the bytes of the answer, and how to get the sealed outcome."""

    strategy: str
    settings_hash: str
    data: Mapping[str, str]
    folds: str
    code: str
    outcome: Callable[[], Mapping[str, Sealed]]

    @property
    def key(self) -> str:
        fields = {
            "strategy": self.strategy,
            "settings": self.settings_hash,
            "data": dict(self.data),
            "folds": self.folds,
            "code": self.code,
        }
        return json_hash(fields).removeprefix("b3:")[:32]


class Sink(Protocol):
    """Where trials are counted. `record` must be durable when it returns."""

    def record(self, task: Task) -> int:
        """Count this look at the task's key; returns the looks so far, this one included."""
        ...

    def conclude(self, task: Task, looks: int, tables: Mapping[str, Table]) -> None:
        """Keep the figures of an opened outcome."""
        ...


@dataclass(frozen=True)
class Result:
    key: str
    looks: int
    tables: Mapping[str, Table]


def evaluate(task: Task, sink: Sink) -> Result:
    """Run the task, record the trial, and only then open its outcome."""
    outcome = task.outcome()
    looks = sink.record(task)
    tables = {name: unseal(sealed) for name, sealed in outcome.items()}
    sink.conclude(task, looks, tables)
    return Result(task.key, looks, tables)


def statistic(stats: pd.DataFrame, name: str) -> float:
    """One value of a STATS table; NaN when it is not there."""
    found = stats.loc[stats["name"] == name, "value"]
    return float(found.iloc[0]) if len(found) else float("nan")


@dataclass(frozen=True)
class LedgerSink:
    """Counts in the ledger (the truth) and shows the figures in the lake's `trials` table (the view)."""

    ledger: Ledger
    lake: Lake
    clock_ns: Callable[[], int]

    def record(self, task: Task) -> int:
        before = [entry for entry in self.ledger.entries("trial") if entry.body["key"] == task.key]
        looks = len(before) + 1
        body = {
            "key": task.key,
            "strategy": task.strategy,
            "settings": task.settings_hash,
            "data": dict(task.data),
            "folds": task.folds,
            "code": task.code,
        }
        self.ledger.append("trial", {**body, "looks": looks})
        return looks

    def conclude(self, task: Task, looks: int, tables: Mapping[str, Table]) -> None:
        stats = tables["stats"].frame if "stats" in tables else pd.DataFrame({"name": [], "value": []})
        row = {
            "key": task.key,
            "ts_avail": self.clock_ns(),
            "strategy": task.strategy,
            "settings_hash": task.settings_hash,
            "data": json_hash(dict(task.data)),
            "folds": task.folds,
            "code": task.code,
            "looks": looks,
            "sharpe": statistic(stats, "sharpe_per_bar"),
        }
        frame = pd.DataFrame([row]).astype({"looks": "int64", "ts_avail": "int64", "sharpe": "float64"})
        text = [name for name in frame.columns if name not in ("looks", "ts_avail", "sharpe")]
        self.lake.append("trials", task.strategy, frame.astype(dict.fromkeys(text, "str")))


def distinct(ledger: Ledger) -> pd.DataFrame:
    """One row a distinct trial, oldest first: key, strategy, looks, first_ns, last_ns, settings, folds, code."""
    rows: dict[str, dict[str, object]] = {}
    for entry in ledger.entries("trial"):
        key = str(entry.body["key"])
        row = rows.setdefault(
            key, {"key": key, "strategy": entry.body["strategy"], "looks": 0, "first_ns": entry.ts_ns}
        )
        row.update(
            looks=entry.body["looks"],
            last_ns=entry.ts_ns,
            settings=entry.body["settings"],
            folds=entry.body["folds"],
            code=entry.body["code"],
        )
    columns = ["key", "strategy", "looks", "first_ns", "last_ns", "settings", "folds", "code"]
    return pd.DataFrame(list(rows.values()), columns=columns)


def prior_sharpes(lake: Lake, ledger: Ledger, strategy: str, key: str) -> pd.DataFrame:
    """PRIOR_TRIALS: every other distinct trial of a strategy with its Sharpe per bar, sorted by key.

    A trial counts from the moment it is recorded: one that crashed before its figures were kept has NaN.
    """
    counted = distinct(ledger)
    others = sorted(counted.loc[(counted["strategy"] == strategy) & (counted["key"] != key), "key"])
    known: dict[str, float] = {}
    for pin in lake.parts("trials"):
        if pin.part == strategy:
            seen = lake.read(pin, columns=["key", "sharpe"])
            known = dict(zip(seen["key"], seen["sharpe"], strict=True))
    sharpes = [known.get(other, float("nan")) for other in others]
    return pd.DataFrame({"key": pd.Series(others, dtype="str"), "sharpe": pd.Series(sharpes, dtype="float64")})
