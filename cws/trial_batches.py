"""Trials that a batch recorded together: one ledger entry a chunk of sets, before any outcome of it was opened.

A short chunk names its keys in the entry. A long one (a sweep's) gives their count and hash, and the keys stand in the
lake's `batches` rows; until those rows are there, a numbered placeholder counts for each key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
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


def hash_of(keys: Sequence[str]) -> str:
    """`b3:` + BLAKE3 of the keys in their order."""
    return "b3:" + blake3("\n".join(keys).encode()).hexdigest()


def body_of(batch: str, strategy: str, code: str, first: int, keys: Sequence[str]) -> dict[str, object]:
    """The ledger entry of the sets from `first` on."""
    named = list(keys) if len(keys) <= MAX_NAMED else []
    span = {"first": first, "end": first + len(keys), "keys": named, "keys_hash": hash_of(keys)}
    return {"batch": batch, "strategy": strategy, "code": code, "folds": "all", **span}


def span_of(entry: Entry) -> Span:
    body: dict[str, Any] = dict(entry.body)
    fields = {name: body[name] for name in ("batch", "strategy", "first", "end", "keys_hash", "code")}
    return Span(**fields, keys=tuple(body["keys"]), ts_ns=entry.ts_ns)


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


def looks_at(ledger: Ledger, lake: Lake | None, strategy: str | None = None) -> pd.DataFrame:
    """key, strategy, code, ts_ns of every look that batches took: one a set and batch, however often it was resumed."""
    frames: list[pd.DataFrame] = []
    known: dict[str, pd.Series] = {}
    for span in spans(ledger, strategy=strategy):
        keys: Sequence[str] | pd.Series = span.keys
        if not span.keys:
            if span.batch not in known and lake is not None:
                known[span.batch] = rows_of(lake, span.batch, ["key"])["key"]
            concluded = known[span.batch].iloc[span.first : span.end] if span.batch in known else ()
            waiting = [f"{span.batch}#{number}" for number in range(span.first + len(concluded), span.end)]
            keys = [*concluded, *waiting] if waiting else concluded
        fields = {"strategy": span.strategy, "code": span.code, "batch": span.batch, "ts_ns": span.ts_ns}
        frames.append(pd.DataFrame({"key": pd.Series(keys, dtype="str").reset_index(drop=True), **fields}))
    if not frames:
        return pd.DataFrame({name: pd.Series([], dtype="str") for name in ("key", "strategy", "code", "batch")}).assign(
            ts_ns=pd.Series([], dtype="int64")
        )
    return pd.concat(frames, ignore_index=True).drop_duplicates(["batch", "key"], ignore_index=True)


def sharpes_of(ledger: Ledger, lake: Lake, strategy: str) -> dict[str, float]:
    """Trial key -> Sharpe per bar of every concluded set of the strategy's batches."""
    found: dict[str, float] = {}
    for batch in dict.fromkeys(span.batch for span in spans(ledger, strategy=strategy)):
        rows = rows_of(lake, batch, ["key", "sharpe_per_bar"])
        found |= dict(zip(rows["key"], rows["sharpe_per_bar"].astype("float64"), strict=True))
    return found
