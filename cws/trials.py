"""The only way to a result: record the trial, then open the outcome.

A trial is any backtest that anybody or anything looked at. Its key is (strategy, settings, data versions, folds, code);
the same key again raises `looks`, not the count. Deflated Sharpe takes the count of distinct trials from here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pandas as pd
from blake3 import blake3

from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from cws.trial_batches import looks_at, sharpes_of
from modules.canonical import json_hash, json_text
from modules.sealed import Sealed
from modules.unsealing import unseal
from modules.values import Table

KEY_CHARACTERS = 32
# No hash and no name holds it.
HOLE = "@@@"


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
        return json_hash(self._fields()).removeprefix("b3:")[:KEY_CHARACTERS]

    def keys(self, settings_hashes: Iterable[str]) -> list[str]:
        """The keys of the same question asked with other settings, at a tenth of the time of asking each anew."""
        before, after = json_text(replace(self, settings_hash=HOLE)._fields()).split(HOLE)
        return [blake3(f"{before}{digest}{after}".encode()).hexdigest()[:KEY_CHARACTERS] for digest in settings_hashes]

    def _fields(self) -> dict[str, object]:
        return {
            "strategy": self.strategy,
            "settings": self.settings_hash,
            "data": dict(self.data),
            "folds": self.folds,
            "code": self.code,
        }


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


def evaluate_batch(
    keys: Sequence[str], outcomes: Sequence[Mapping[str, Sealed]], record: Callable[[Sequence[str]], None]
) -> list[dict[str, Table]]:
    """Record many trials together, and only then open their outcomes. `record` must be durable when it returns."""
    record(keys)
    return [{name: unseal(sealed) for name, sealed in outcome.items()} for outcome in outcomes]


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
        batched = looks_at(self.ledger, self.lake, task.strategy)["key"] == task.key
        looks = len(before) + int(batched.sum()) + 1
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


def distinct(ledger: Ledger, lake: Lake | None = None, strategy: str | None = None) -> pd.DataFrame:
    """One row a distinct trial, oldest first: key, strategy, looks, first_ns, last_ns, settings, folds, code.

    A batch is one look at each of its sets. Without a lake the sets of long chunks, whose keys stand only there, count
    one by one: never fewer trials than there are.
    """
    looks = pd.concat([_single_looks(ledger), _batched_looks(ledger, lake, strategy)], ignore_index=True)
    looks = looks if strategy is None else looks[looks["strategy"] == strategy]
    by_key = looks.sort_values("last_ns", kind="stable").groupby("key", sort=False)
    rows = by_key[["strategy", "first_ns"]].first().assign(looks=by_key.size().astype("int64"))
    rows = rows.join(by_key[["last_ns", "settings", "folds", "code"]].last()).reset_index()
    return rows[["key", "strategy", "looks", "first_ns", "last_ns", "settings", "folds", "code"]]


def _single_looks(ledger: Ledger) -> pd.DataFrame:
    names = ("key", "strategy", "settings", "folds", "code")
    entries = ledger.entries("trial")
    text = {name: pd.Series([entry.body[name] for entry in entries], dtype="str") for name in names}
    stamps = pd.Series([entry.ts_ns for entry in entries], dtype="int64")
    return pd.DataFrame({**text, "first_ns": stamps, "last_ns": stamps})


def _batched_looks(ledger: Ledger, lake: Lake | None, strategy: str | None) -> pd.DataFrame:
    looks = looks_at(ledger, lake, strategy)
    looks = looks.assign(settings="batch " + looks["batch"], folds="all", first_ns=looks["ts_ns"])
    return looks.rename(columns={"ts_ns": "last_ns"}).drop(columns="batch").astype({"folds": "str", "settings": "str"})


def prior_sharpes(lake: Lake, ledger: Ledger, strategy: str, key: str) -> pd.DataFrame:
    """PRIOR_TRIALS: every other distinct trial of a strategy with its Sharpe per bar, sorted by key.

    A trial counts from the moment it is recorded: one that crashed before its figures were kept has NaN.
    """
    keys = distinct(ledger, lake, strategy)["key"]
    others = keys[keys != key].sort_values(ignore_index=True).astype("str")
    known = sharpes_of(ledger, lake, strategy)
    for pin in lake.parts("trials"):
        if pin.part == strategy:
            seen = lake.read(pin, columns=["key", "sharpe"])
            known |= dict(zip(seen["key"], seen["sharpe"], strict=True))
    return pd.DataFrame({"key": others, "sharpe": others.map(known).astype("float64")})
