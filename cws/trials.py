"""The only way to a result: record the trial, then open the outcome.

A trial is any backtest that anybody or anything looked at. Its key is (strategy, settings, data versions, folds, code);
the same key again raises `looks`, not the count. Deflated Sharpe takes the count of distinct trials from here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from blake3 import blake3

from cws.lake.lake import Lake
from cws.ledger.entry import Entry
from cws.ledger.ledger import Ledger
from cws.trial_batches import Span, batches_with, keys_of, sharpes_of, spans
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
    """Counts in the ledger (the truth) and shows the figures in the lake's `trials` table (the view).

    `asked_by` is who looks: an owner, or the part of the loop. It is no part of a key: who asks changes no byte.
    """

    ledger: Ledger
    lake: Lake
    clock_ns: Callable[[], int]
    asked_by: str = ""

    def record(self, task: Task) -> int:
        before = [entry for entry in self.ledger.entries("trial") if entry.body["key"] == task.key]
        looks = len(before) + batches_with(self.ledger, self.lake, task.strategy, task.key) + 1
        body = {
            "key": task.key,
            "strategy": task.strategy,
            "settings": task.settings_hash,
            "data": dict(task.data),
            "folds": task.folds,
            "code": task.code,
        }
        self.ledger.append("trial", {**body, "looks": looks, "asked_by": self.asked_by})
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


def askers(ledger: Ledger, lake: Lake, keys: Sequence[str]) -> dict[str, dict[str, int]]:
    """Trial key -> who looked at it and how often, in the order of their first look; a batch looks once."""
    found: dict[str, dict[str, int]] = {key: {} for key in keys}
    for entry in ledger.entries("trial"):
        if str(entry.body["key"]) in found:
            _add(found[str(entry.body["key"])], str(entry.body.get("asked_by") or "unnamed"))
    recorded = spans(ledger)
    wanted = pa.table({"key": pa.array(list(found), pa.string())})
    for span, own in zip(recorded, keys_of(recorded, lake), strict=True):
        for key in wanted.join(pa.table({"key": own}), "key", join_type="inner", use_threads=False)["key"].to_pylist():
            _add(found[str(key)], f"{span.asked_by} in a batch" if span.asked_by else f"batch {span.batch}")
    return found


def _add(looks: dict[str, int], name: str) -> None:
    looks[name] = looks.get(name, 0) + 1


def distinct(ledger: Ledger, lake: Lake | None = None, strategy: str | None = None) -> pd.DataFrame:
    """One row a distinct trial, oldest first: key, strategy, looks, first_ns, last_ns, settings, folds, code.

    A batch is one look at each of its sets. Without a lake the sets of long chunks, whose keys stand only there, count
    one by one: never fewer trials than there are.
    """
    found = spans(ledger, strategy=strategy)
    singles = [e for e in ledger.entries("trial") if strategy in (None, e.body["strategy"])]
    sources = _sources(singles, found)
    keys = pa.array([str(entry.body["key"]) for entry in singles], pa.string())
    looked = [keys, *(chunk for one in keys_of(found, lake) for chunk in [one.combine_chunks()])]
    counts = [1] * len(singles) + [len(one) for one in looked[1:]]
    # Keys and two small numbers each: the words are looked up at the end, once a distinct trial.
    places = np.repeat(np.arange(len(sources)), counts)
    asked = sources["batch"].to_numpy()[places]
    source = sources["place"].to_numpy()[places]
    columns = {"source": source, "asked": asked, "row": np.arange(len(source))}
    looks = pa.table({"key": pa.chunked_array(looked, pa.string()), **columns})
    least = [("source", "min"), ("source", "max"), ("row", "min")]
    once = looks.group_by(["key", "asked"], use_threads=False).aggregate(least)
    by_key = once.group_by("key", use_threads=False).aggregate(
        [("source_min", "min"), ("source_max", "max"), ("row_min", "min"), ("asked", "count")]
    )
    return _rows(by_key, sources.sort_values("place", ignore_index=True))


def _sources(singles: Sequence[Entry], batched: Sequence[Span]) -> pd.DataFrame:
    """One row an entry that counts trials; `place` is its rank in the ledger, `batch` tells batches from each other."""
    rows = [(e.index, e.ts_ns, *(str(e.body[n]) for n in ("strategy", "settings", "folds", "code"))) for e in singles]
    rows += [(s.index, s.ts_ns, s.strategy, f"batch {s.batch}", "all", s.code) for s in batched]
    frame = pd.DataFrame(rows, columns=["index", "ts_ns", "strategy", "settings", "folds", "code"])
    frame = frame.astype(
        {"index": "int64", "ts_ns": "int64"} | dict.fromkeys(("strategy", "settings", "folds", "code"), "str")
    )
    numbers = {batch: -1 - number for number, batch in enumerate(dict.fromkeys(s.batch for s in batched))}
    asked = [e.index for e in singles] + [numbers[s.batch] for s in batched]
    place = np.argsort(np.argsort(frame["index"].to_numpy(), kind="stable"), kind="stable")
    return frame.assign(batch=np.array(asked, dtype=np.int64), place=place.astype(np.int64))


def _rows(by_key: pa.Table, sources: pd.DataFrame) -> pd.DataFrame:
    first, last = (by_key[name].to_numpy() for name in ("source_min_min", "source_max_max"))
    # Arrow groups in no order of its own.
    order = np.lexsort((by_key["row_min_min"].to_numpy(), first))
    then, now = sources.take(first[order]).reset_index(drop=True), sources.take(last[order]).reset_index(drop=True)
    key = by_key["key"].to_pandas().take(order).reset_index(drop=True).astype("str")
    looks = by_key["asked_count"].to_numpy()[order].astype("int64")
    told = {"strategy": then["strategy"], "looks": looks, "first_ns": then["ts_ns"], "last_ns": now["ts_ns"]}
    return pd.DataFrame({"key": key, **told, **{name: now[name] for name in ("settings", "folds", "code")}})


def prior_sharpes(lake: Lake, ledger: Ledger, strategy: str, key: str) -> pd.DataFrame:
    """PRIOR_TRIALS: every other distinct trial of a strategy with its Sharpe per bar, sorted by key.

    A trial counts from the moment it is recorded: one that crashed before its figures were kept has NaN.
    """
    singles = [str(entry.body["key"]) for entry in ledger.entries("trial") if entry.body["strategy"] == strategy]
    unknown = pa.table({"key": pa.array(singles, pa.string()), "sharpe": pa.nulls(len(singles), pa.float64())})
    parts = [unknown, sharpes_of(ledger, lake, strategy)]
    for pin in lake.parts("trials"):
        if pin.part == strategy:
            seen = lake.read(pin, columns=["key", "sharpe"])
            sharpe = pa.array(seen["sharpe"].to_numpy(dtype="float64"), from_pandas=True)
            parts.append(pa.table({"key": pa.array(seen["key"].array, pa.string()), "sharpe": sharpe}))
    # Any look at a key has the same figures; null is no figure, and the largest of none is null.
    best = pa.concat_tables(parts).group_by("key", use_threads=False).aggregate([("sharpe", "max")])
    others = best.sort_by("key")
    sharpe = others["sharpe_max"].to_numpy(zero_copy_only=False).astype("float64")
    frame = pd.DataFrame({"key": others["key"].to_pandas().astype("str"), "sharpe": sharpe})
    return frame[frame["key"] != key].reset_index(drop=True)
