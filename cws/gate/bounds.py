"""What a measured rate is held against, with the noise of the measurement in it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cws.gate.p_value import enough_days
from cws.gate.size_table import BOUNDED_LAWS, LEVELS, Sizes
from kernels.cpu.tails import incomplete_beta

STANDARD_ERRORS = 3.0
# The size table holds dozens of counts, so one of them may alarm by chance this rarely.
FALSE_ALARM = 1e-6


@dataclass(frozen=True)
class Bound:
    """`limit` has the allowance for noise in it, where there is one; `standard_error` is that of `measured`."""

    name: str
    measured: float
    limit: float
    standard_error: float
    passed: bool


def _binomial_error(share: float, tries: int) -> float:
    return math.sqrt(share * (1.0 - share) / tries)


def at_most(name: str, measured: float, limit: float, tries: int) -> Bound:
    """A share of `tries` that may not be above `limit` by more than 3 standard errors."""
    error = _binomial_error(limit, tries)
    return Bound(name, measured, limit + STANDARD_ERRORS * error, error, measured <= limit + STANDARD_ERRORS * error)


def at_least(name: str, measured: float, limit: float, tries: int) -> Bound:
    """A share of `tries` that may not be below `limit`; no allowance, for power is to be far above."""
    return Bound(name, measured, limit, _binomial_error(limit, tries), measured >= limit)


def mean_at_most(name: str, values: Sequence[float], limit: float, errors: float) -> Bound:
    """The mean of independent `values` may not be above `limit` by more than `errors` of its standard errors."""
    mean = math.fsum(values) / len(values)
    spread = math.fsum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)
    error = math.sqrt(spread / len(values))
    return Bound(name, mean, limit + errors * error, error, mean <= limit + errors * error)


def chance_of_so_many(count: int, tries: int, level: float) -> float:
    """P(at least `count` of `tries`) when each happens with chance `level`."""
    return incomplete_beta(count, tries - count + 1, level) if count else 1.0


def sizes_hold(table: Sequence[Sizes]) -> Iterator[Bound]:
    """One bound a count of the size table: it is no more than its level explains.

    A cell of too few effective blocks must have been refused, and no other.
    """
    for one in table:
        cell = one.cell
        name = f"size T={cell.days} L={cell.horizon_days} {cell.law}"
        enough = enough_days(cell.days, cell.horizon_days)
        if one.below is None or not enough:
            yield Bound(f"{name} insufficient", float(not enough), 1.0, 0.0, (one.below is None) is not enough)
        elif cell.law in BOUNDED_LAWS:
            for level, count in zip(LEVELS, one.below, strict=True):
                error = _binomial_error(level, cell.tries)
                held = chance_of_so_many(count, cell.tries, level) >= FALSE_ALARM
                yield Bound(f"{name} {level:g}", count / cell.tries, level, error, held)
