"""A batch's place in ledger and lake: which sets are on record, which are concluded, and the way to both.

A chunk is recorded before it is opened, and concluded by its rows in the lake. A crash between the two leaves sets on
record: they are computed again and concluded, and never recorded twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from cws.batch.plan import Plan
from cws.batch.work import Rows
from cws.house import House
from cws.trial_batches import KIND, TABLE, Span, body_of, hash_of, span_of, spans
from modules.errors import CwsError

RETURNS = "batch_returns"


@dataclass
class Register:
    """The one writer of a batch; the caller holds the home's lock."""

    house: House
    plan: Plan
    recorded: list[Span] = field(default_factory=list[Span])

    def __post_init__(self) -> None:
        self.recorded = spans(self.house.ledger, batch=self.plan.id)

    def concluded(self) -> int:
        """How many sets have their rows: all before this number, for chunks are concluded in their order."""
        return next((pin.rows for pin in self.house.lake.parts(TABLE) if pin.part == self.plan.id), 0)

    def record(self, first: int, keys: Sequence[str]) -> None:
        """Count the sets that are not on record yet, durably; those that are must have the same keys."""
        end = first + len(keys)
        near = sorted(self._near(first, end), key=lambda span: span.first)
        self._need_same(first, keys, near)
        plan, bodies, at = self.plan, list[dict[str, object]](), first
        for low, high in [*((span.first, span.end) for span in near), (end, end)]:
            if at < low:
                own = keys[at - first : low - first]
                bodies.append(body_of(plan.id, plan.counted_as, plan.code, at, own, plan.recipe.owner))
            at = max(at, high)
        for entry in self.house.ledger.append_many([(KIND, body) for body in bodies]):
            self.recorded.append(span_of(entry))

    def _near(self, first: int, end: int) -> list[Span]:
        return [span for span in self.recorded if span.first < end and first < span.end]

    def _need_same(self, first: int, keys: Sequence[str], near: Sequence[Span]) -> None:
        for span in near:
            low, high = max(span.first, first), min(span.end, first + len(keys))
            now = list(keys[low - first : high - first])
            named = list(span.keys[low - span.first : high - span.first])
            whole = (low, high) == (span.first, span.end)
            if (span.keys and named != now) or (not span.keys and whole and hash_of(now) != span.keys_hash):
                raise CwsError(
                    "CWS-BATCH-010", what=f"sets {low} to {high - 1} have other keys than are on record",
                    where=f"batch {self.plan.id}", fix="code or environment changed under it; cws ledger verify",
                )  # fmt: skip

    def conclude(self, made: Rows) -> None:
        """Keep the rows of the next sets. Returns come first: rows say that a chunk is whole."""
        if len(made.returns):
            self.house.lake.append(RETURNS, self.plan.id, made.returns)
        self.house.lake.append(TABLE, self.plan.id, made.rows)

    def returns(self) -> pd.DataFrame:
        """Returns per bar of all sets by key; a chunk that a crash cut off has left its own twice, byte for byte."""
        pin = next(pin for pin in self.house.lake.parts(RETURNS) if pin.part == self.plan.id)
        once = self.house.lake.read(pin).drop_duplicates(["key", "ts_event"])
        return once.sort_values(["key", "ts_event"], kind="stable", ignore_index=True)
