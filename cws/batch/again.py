"""One set of a finished batch again, alone and in this process: from its entry's recipe and pins, beside its rows.

What is opened is the trial on record, so nothing is looked at anew. Where code or environment have made it another
trial, nothing is opened at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cws.batch.grid import Grid
from cws.batch.plan import Plan, code_of
from cws.batch.pool import no_prior, worker_for
from cws.batch.recipe import Sweep, open_recipe
from cws.batch.run import KIND
from cws.batch.strategy_sets import strategy_grid
from cws.batch.sweep_sets import sweep_grid
from cws.batch.work import Asked, Rows
from cws.house import House
from cws.ledger.entry import Entry
from cws.pins import as_pin
from cws.strategies import Dataset, Strategy, catalogue
from cws.trial_batches import Span, keys_of, spans
from cws.trials import evaluate_batch
from modules.canonical import content_hash
from modules.errors import CwsError

KEY_LEAST, SHOWN = 6, 3


@dataclass(frozen=True)
class Chosen:
    """Set `number` of the batch whose end `entry` is; `keys` (accounts,) are on record of its whole grid set."""

    entry: Entry
    number: int
    keys: Sequence[str]

    @property
    def accounts(self) -> int:
        return int(str(self.entry.body["accounts"]))

    @property
    def first(self) -> int:
        return self.number - self.number % self.accounts

    @property
    def key(self) -> str:
        return self.keys[self.number - self.first]


@dataclass(frozen=True)
class RebuiltSet:
    """`key`, `row` and `returns` with their hashes then and now (only `key` where nothing was opened)."""

    then: Mapping[str, str]
    now: Mapping[str, str]
    code: str
    cells: list[str] = field(default_factory=list[str])


def find_set(house: House, wanted: str) -> Chosen | None:
    """The set with that trial key (or its first 6 or more characters), or the only one of that ledger entry.

    Of several batches with the trial it is the last that has ended. Raises CWS-REPRO-004 for more than one trial and
    CWS-REPRO-005 while no batch with it has ended.
    """
    ended = {str(entry.body["batch"]): entry for entry in house.ledger.entries(KIND)}
    found: dict[str, tuple[Span, pa.ChunkedArray]] = {}
    recorded = spans(house.ledger)
    for span, keys in zip(recorded, keys_of(recorded, house.lake), strict=True):
        own = span.batch in ended
        whole = wanted in (str(span.index), str(ended[span.batch].index) if own else "")
        for key in _fitting(keys, wanted, whole):
            if own or key not in found:
                found[key] = span, keys
    if not found:
        return None
    if len(found) > 1:
        raise CwsError(
            "CWS-REPRO-004", what=f"{wanted!r} names more than one set of a batch", where="ledger",
            fix=f"give the key of one: {', '.join(list(found)[:SHOWN])}",
        )  # fmt: skip
    ((key, (span, keys)),) = found.items()
    if span.batch not in ended:
        raise CwsError(
            "CWS-REPRO-005", what=f"batch {span.batch} of trial {key} has not ended",
            where=f"ledger entry {span.index}", fix="give the same cws backtest again: it goes on where it stopped",
        )  # fmt: skip
    return _chosen(ended[span.batch], span, keys, key)


def _fitting(keys: pa.ChunkedArray, wanted: str, whole: bool) -> list[str]:
    """A few of the keys that are meant: more than one are refused anyway."""
    if not whole:
        if len(wanted) < KEY_LEAST:
            return []
        fits = pc.call_function("starts_with", [keys], pc.MatchSubstringOptions(wanted))
        keys = keys.filter(fits)
    return [str(key) for key in keys.slice(0, SHOWN).to_pylist()]


def _chosen(entry: Entry, span: Span, keys: pa.ChunkedArray, key: str) -> Chosen:
    at = int(pc.index(keys, key).as_py())
    accounts = int(str(entry.body["accounts"]))
    # Chunks are whole grid sets.
    own = keys.slice(at - (span.first + at) % accounts, accounts).to_pylist()
    return Chosen(entry, span.first + at, [str(one) for one in own])


def rebuild_set(house: House, chosen: Chosen, folder: Path) -> RebuiltSet:
    """Compute the set on the batch's pins and compare it with what the batch kept.

    `folder` of the recipes is asked only where the entry is older than recipes in entries. Raises CWS-REPRO-006 when
    recipe, grid and pins are not those that the batch is named by, and what the lake raises for damage.
    """
    plan = _plan(house, chosen, folder)
    asked = worker_for(house, plan, no_prior).ask(chosen.first, chosen.first + chosen.accounts)
    then, now = {"key": chosen.key}, {"key": asked.keys[chosen.number - chosen.first]}
    if list(asked.keys) != list(chosen.keys):
        return RebuiltSet(then, now, plan.code)
    before, after = _kept(house, chosen), _opened(asked, chosen)
    then["row"], now["row"] = content_hash(before.rows), content_hash(after.rows)
    if "returns" in chosen.entry.body:
        then["returns"], now["returns"] = content_hash(before.returns), content_hash(after.returns)
    return RebuiltSet(then, now, plan.code, _cells(before.rows, after.rows))


def _plan(house: House, chosen: Chosen, folder: Path) -> Plan:
    """What the batch was asked, to be done with the code of now."""
    body: dict[str, Any] = dict(chosen.entry.body)
    recipe, dataset = _recipe(body, folder)
    pins = {name: as_pin(pin) for name, pin in body["inputs"].items()}
    words = ", ".join(f"{name}={said}" for name, said, _ in body["grid"])
    symbols: tuple[str, ...] = ()
    if isinstance(recipe, Sweep):
        bars = house.lake.read(pins["bars"], columns=["symbol"])
        symbols = tuple(sorted(str(symbol) for symbol in bars["symbol"].unique()))
    plan = Plan(recipe, dataset, _grid(recipe, words, body["sets"]), symbols, pins, body["code"], body["counted_as"])
    if plan.id != body["batch"]:
        raise CwsError(
            "CWS-REPRO-006", what=f"settings: recipe {body['recipe']} is not what batch {body['batch']} was asked",
            where=f"ledger entry {chosen.entry.index}", fix="put the recipe's file back as it was at that time",
        )  # fmt: skip
    return replace(plan, code=code_of(recipe))


def _recipe(body: Mapping[str, Any], folder: Path) -> tuple[Strategy | Sweep, Dataset]:
    if "asked" not in body:
        known = catalogue(folder)
        recipe = open_recipe(str(body["recipe"]), known)
        return recipe, known.datasets[recipe.dataset]
    kind = Sweep if body["kind"] == "sweep" else Strategy
    return kind.model_validate(body["asked"]["recipe"]), Dataset.model_validate(body["asked"]["dataset"])


def _grid(recipe: Strategy | Sweep, words: str, sets: int) -> Grid:
    return sweep_grid(recipe, words, sets) if isinstance(recipe, Sweep) else strategy_grid(recipe, words, sets)


def _opened(asked: Asked, chosen: Chosen) -> Rows:
    def on_record(keys: Sequence[str]) -> None:
        assert list(keys) == list(chosen.keys), "only what was recorded is opened"

    made = asked.rows(evaluate_batch(asked.keys, asked.outcomes, on_record))
    return Rows(_of_set(made.rows, chosen), _of_key(made.returns, chosen))


def _kept(house: House, chosen: Chosen) -> Rows:
    body: dict[str, Any] = dict(chosen.entry.body)
    rows = pd.concat([_of_set(frame, chosen) for frame in house.lake.stream(as_pin(body["rows"]))], ignore_index=True)
    if "returns" not in body:
        return Rows(rows, pd.DataFrame())
    return Rows(rows, _of_key(house.lake.read(as_pin(body["returns"])), chosen))


def _of_set(rows: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
    return rows[rows["set"] == chosen.number].reset_index(drop=True)


def _of_key(returns: pd.DataFrame, chosen: Chosen) -> pd.DataFrame:
    return returns[returns["key"] == chosen.key].sort_values("ts_event", kind="stable", ignore_index=True)


def _cells(then: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Which figures of the row are other ones; to the last bit, as its hash sees them."""
    other = [name for name in now.columns if content_hash(then[[name]]) != content_hash(now[[name]])]
    return [f"{name}: {then[name].iloc[0]!r} then, {now[name].iloc[0]!r} now" for name in other]
