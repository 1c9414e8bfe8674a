"""World (e): how often the p-value of a series without any mean falls below a level, by length, horizon and law."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cws.gate.p_value import enough_days
from cws.gate.rules import Rule
from cws.gate.verdict import Kind
from cws.gate.worlds import evidence
from kernels.ordered import F64

DAYS, HORIZONS, LEVELS = (64, 250, 1260), (1, 5, 10), (1e-2, 1e-3, 1e-4)
# Overlapping sums over L days, and an AR(1) whose integrated autocorrelation is L: normal and fat-tailed shocks.
BOUNDED_LAWS = ("normal sums", "normal ar", "t5 sums", "t5 ar")
# Rare large losses. No test that studentises is exact here; the table shows how far off this one is.
SHOWN_LAWS = ("loss sums",)
WARM_UP_HORIZONS, CHUNK_VALUES = 15, 4_000_000


@dataclass(frozen=True)
class Cell:
    days: int
    horizon_days: int
    law: str
    tries: int


@dataclass(frozen=True)
class Sizes:
    """`below` counts p-values at or under each of LEVELS; None where the gate says INSUFFICIENT."""

    cell: Cell
    below: tuple[int, ...] | None


def _shocks(rng: np.random.Generator, law: str, shape: tuple[int, int]) -> F64:
    match law.split()[0]:
        case "normal":
            return rng.standard_normal(shape)
        case "t5":
            return rng.standard_t(5, shape)
        case _:
            return 1.0 - rng.standard_exponential(shape)


def series(rng: np.random.Generator, cell: Cell, rows: int) -> F64:
    """(rows, days) series of mean zero whose days depend on each other over the cell's horizon."""
    days, horizon = cell.days, cell.horizon_days
    if horizon == 1:
        return _shocks(rng, cell.law, (rows, days))
    if cell.law.endswith("sums"):
        shocks = _shocks(rng, cell.law, (rows, days + horizon - 1))
        return sum((shocks[:, k : k + days] for k in range(1, horizon)), shocks[:, :days])
    # Days lead, so that each step of the recursion is one row of neighbours in memory.
    shocks = _shocks(rng, cell.law, (days + WARM_UP_HORIZONS * horizon, rows))
    weight = (horizon - 1.0) / (horizon + 1.0)
    for t in range(1, len(shocks)):
        shocks[t] += weight * shocks[t - 1]
    return np.ascontiguousarray(shocks[-days:].T)


def sizes(rule: Rule, seed: Sequence[int], cell: Cell) -> Sizes:
    """Count the p-values of `cell.tries` series of no mean, unless the rule's decision refuses the first."""
    rng, below, left = np.random.default_rng(seed), np.zeros(len(LEVELS), dtype=np.int64), cell.tries
    first = evidence(series(rng, cell, 1), np.empty((0, cell.days)), cell.horizon_days)
    if rule.decide(first).kind is Kind.INSUFFICIENT:
        return Sizes(cell, None)
    while left and enough_days(cell.days, cell.horizon_days):
        rows = min(left, CHUNK_VALUES // cell.days)
        p = rule.p_values(series(rng, cell, rows), cell.horizon_days)
        below += np.array([np.count_nonzero(p <= level) for level in LEVELS])
        left -= rows
    return Sizes(cell, tuple(int(count) for count in below))


def cells(values: int, most_tries: int) -> Iterator[Cell]:
    """Every length, horizon and law; as many series as `values` numbers make, at most `most_tries`.

    Laws differ in their dependence only where days depend on each other.
    """
    for days in DAYS:
        for horizon in HORIZONS:
            for law in (*BOUNDED_LAWS, *SHOWN_LAWS):
                if horizon > 1 or law.endswith("sums"):
                    yield Cell(days, horizon, law, min(values // days, most_tries))
