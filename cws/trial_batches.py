"""Trials that a batch recorded together: one ledger entry a chunk of sets, before any outcome of it was opened.

A short chunk names its keys in the entry. A long one (a sweep's) gives their count and hash, and the keys stand in the
lake's `batches` rows; until those rows are there, a numbered placeholder counts for each key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from cws.lake.lake import Lake
from cws.ledger.entry import Entry
from cws.ledger.ledger import Ledger

KIND, TABLE = "trial_batch", "batches"
# 39 bytes a key in the ledger's JSON; a line holds 262,144.
MAX_NAMED = 4_096


@dataclass(frozen=True)
class Span:
    """Sets [first, end) of a batch, recorded at `ts_ns`; `keys` is empty where only their hash is in the ledger."""

    batch: str
    strategy: str
    first: int
    end: int
    keys: tuple[str, ...]
    keys_hash: str
    code: str
    ts_ns: int
    index: int
    asked_by: str


def hash_of(keys: Sequence[str]) -> str:
    """`b3:` + BLAKE3 of the keys in their order."""
    return "b3:" + blake3("\n".join(keys).encode()).hexdigest()


def body_of(
    batch: str, strategy: str, code: str, first: int, keys: Sequence[str], asked_by: str = ""
) -> dict[str, object]:
    """The ledger entry of the sets from `first` on."""
    named = list(keys) if len(keys) <= MAX_NAMED else []
    span = {"first": first, "end": first + len(keys), "keys": named, "keys_hash": hash_of(keys)}
    return {"batch": batch, "strategy": strategy, "code": code, "folds": "all", "asked_by": asked_by, **span}


def span_of(entry: Entry) -> Span:
    body: dict[str, Any] = dict(entry.body)
    fields = {name: body[name] for name in ("batch", "strategy", "first", "end", "keys_hash", "code")}
    asked_by = str(body.get("asked_by", ""))
    return Span(**fields, keys=tuple(body["keys"]), ts_ns=entry.ts_ns, index=entry.index, asked_by=asked_by)


def spans(ledger: Ledger, batch: str | None = None, strategy: str | None = None) -> list[Span]:
    """What was recorded, oldest first; of one batch or of one strategy when named."""
    found = (span_of(entry) for entry in ledger.entries(KIND))
    return [span for span in found if batch in (None, span.batch) and strategy in (None, span.strategy)]


def rows_of(lake: Lake, batch: str, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of the concluded sets of a batch, in the order of their numbers; empty before the first."""
    for pin in lake.parts(TABLE):
        if pin.part == batch:
            return lake.read(pin, columns=columns)
    return pd.DataFrame({name: pd.Series([], dtype="str") for name in columns})


def keys_of(spans_of: Sequence[Span], lake: Lake | None) -> Iterator[pa.ChunkedArray]:
    """The keys of each span, as Arrow holds them: ten million are a few hundred megabytes."""
    known: dict[str, pa.ChunkedArray] = {}
    for span in spans_of:
        if span.keys:
            yield pa.chunked_array([pa.array(span.keys, pa.string())])
            continue
        if span.batch not in known and lake is not None:
            rows = rows_of(lake, span.batch, ["key"])
            known = {span.batch: pa.chunked_array([pa.array(rows["key"].array, pa.string())])}
        concluded = known[span.batch].slice(span.first, span.end - span.first) if span.batch in known else None
        done = len(concluded) if concluded is not None else 0
        waiting = pa.array([f"{span.batch}#{number}" for number in range(span.first + done, span.end)], pa.string())
        yield pa.chunked_array([*(concluded.chunks if concluded is not None else []), waiting], pa.string())


def batches_with(ledger: Ledger, lake: Lake, strategy: str, key: str) -> int:
    """How many batches looked at this trial."""
    found = spans(ledger, strategy=strategy)
    asked = zip(found, keys_of(found, lake), strict=True)
    return len({span.batch for span, keys in asked if pc.index(keys, key).as_py() >= 0})


def sharpes_of(ledger: Ledger, lake: Lake, strategy: str) -> pa.Table:
    """key and Sharpe per bar of every set that the strategy's batches recorded; null where it is not known yet."""
    found = spans(ledger, strategy=strategy)
    parts = [pa.table({"key": keys, "sharpe": pa.nulls(len(keys), pa.float64())}) for keys in keys_of(found, lake)]
    for batch in dict.fromkeys(span.batch for span in found):
        rows = rows_of(lake, batch, ["key", "sharpe_per_bar"])
        sharpe = pa.array(rows["sharpe_per_bar"].to_numpy(dtype="float64"), from_pandas=True)
        parts.append(pa.table({"key": pa.array(rows["key"].array, pa.string()), "sharpe": sharpe}))
    return pa.concat_tables(
        [pa.table({"key": pa.array([], pa.string()), "sharpe": pa.array([], pa.float64())}), *parts]
    )
