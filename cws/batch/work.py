"""What a worker does with a run of sets: ask, have the trials recorded, open, and make rows of what was opened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from cws.trials import evaluate_batch
from modules.sealed import Sealed
from modules.values import Table

# Says of the best set how far its figures may lie from the truth, given how many were tried.
OF_ALL_TRIALS = "trials_ci"
# Durable when it returns.
Record = Callable[[Sequence[str]], None]
Opened = Sequence[Mapping[str, Table]]


@dataclass(frozen=True)
class Rows:
    """Rows of the table `batches`, and of `batch_returns` where the batch keeps them."""

    rows: pd.DataFrame
    returns: pd.DataFrame


@dataclass(frozen=True)
class Asked:
    """Trial keys of a run of sets, their sealed outcomes, and how rows are made of these once they are opened."""

    keys: Sequence[str]
    outcomes: Sequence[Mapping[str, Sealed]]
    rows: Callable[[Opened], Rows]


class Worker(Protocol):
    def ask(self, first: int, end: int) -> Asked:
        """Compute the sets [first, end); nothing is opened."""
        ...

    def in_full(self, number: int, record: Record) -> Mapping[str, Table]:
        """All that is said of a single backtest, of one set."""
        ...


def one_chunk(worker: Worker, first: int, end: int, record: Record) -> Rows:
    """The rows of the sets [first, end), whose trials are on record before one of them is opened."""
    asked = worker.ask(first, end)
    return asked.rows(evaluate_batch(asked.keys, asked.outcomes, record))


RETURN_TYPES = {"key": "str", "ts_event": "int64", "ret": "float64"}


def no_returns() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in RETURN_TYPES.items()})
