"""From arms to what the gate sees: paired deltas a day, the common factors beside them, and the guards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cws.ablation.arm import Arm, max_drawdown
from cws.ablation.ground import DAY_NS, Ground
from cws.gate.guards import Guards, Pair
from cws.gate.paired import PairedDeltas
from kernels.ordered import ordered_mean, ordered_sum
from modules.panel import grid
from modules.values import Table

F64, I64 = NDArray[np.float64], NDArray[np.int64]

# Less of the same trades less and compounds less: a difference so small and so regular that any test would find it.
SAME = 0.002


@dataclass(frozen=True)
class Unit:
    """One (strategy, market) on a fold: both arms over the same days, and the market's return on each."""

    name: str
    baseline: Arm
    candidate: Arm
    market: Mapping[int, float]


def market_returns(ground: Ground) -> dict[int, float]:
    """Day -> mean return of the ground's symbols from the last close of the day before, over symbols that have both."""
    bars = ground.tables["bars"]
    assert isinstance(bars, Table)
    panel = grid(bars.frame)
    day = panel.ts_event // DAY_NS
    last = np.flatnonzero(np.diff(day, append=day[-1:] + 1)) if len(day) else np.empty(0, dtype=np.int64)
    close = panel.spread(bars.frame["close"])[last]
    moves = close[1:] / close[:-1] - 1.0
    known = np.isfinite(moves)
    totals, counts = np.cumsum(np.where(known, moves, 0.0), axis=1)[:, -1], known.cumsum(axis=1)[:, -1]
    means = np.divide(totals, counts, out=np.zeros(len(totals)), where=counts > 0)
    return dict(zip(day[last][1:].tolist(), means.tolist(), strict=True))


def paired(units: Sequence[Unit], horizon_days: int, held: Mapping[str, float] | None = None) -> PairedDeltas:
    """Deltas (units, T) over the union of days; the factor is the market, averaged over units.

    A candidate is first held at its baseline's volatility: a patch that only holds more or less of what is held anyway
    changes nothing. The baseline itself is no factor, for then a worse candidate would look better by all that it
    earns apart from the baseline. With `held`, by unit, so much of each candidate is held, and these days decide
    nothing about it.
    """
    days = np.unique(np.concatenate([unit.baseline.days for unit in units]))
    deltas, market = (np.full((len(units), len(days)), np.nan) for _ in range(2))
    for row, unit in enumerate(units):
        at = np.searchsorted(days, unit.baseline.days)
        candidate, baseline = unit.candidate.returns, unit.baseline.returns
        deltas[row, at] = apart(candidate, baseline) if held is None else candidate * held[unit.name] - baseline
        market[row, at] = [unit.market.get(day, 0.0) for day in unit.baseline.days.tolist()]
    factors = [mean for mean in (_mean_over_units(market),) if mean.any()]
    return PairedDeltas(days * DAY_NS, deltas, np.array(factors).reshape(len(factors), len(days)), horizon_days)


def apart(candidate: F64, baseline: F64) -> F64:
    """Candidate less baseline at one size; zeros where what differs is no more than SAME of what is held."""
    deltas = candidate * same_size(candidate, baseline) - baseline
    differs, held = (ordered_sum(one * one) for one in (deltas, baseline))
    return np.zeros(deltas.size) if differs <= SAME * SAME * held else deltas


def same_size(returns: F64, like: F64) -> float:
    """What scales `returns` to the root mean square of `like`; 1 where either never moves."""
    own, wanted = (ordered_sum(one * one) for one in (returns, like))
    return float(np.sqrt(wanted / own)) if own > 0.0 and wanted > 0.0 else 1.0


def _mean_over_units(rows: F64) -> F64:
    known = ~np.isnan(rows)
    totals, counts = np.cumsum(np.where(known, rows, 0.0), axis=0)[-1], known.cumsum(axis=0)[-1]
    return np.divide(totals, counts, out=np.zeros(len(totals)), where=counts > 0)


def guards(units: Sequence[Unit], seconds: Pair) -> Guards:
    """Means over the units. Capacity is what the turnover leaves: a dollar traded a day takes the same share of a
    market's volume whoever trades it, so it goes with one over turnover."""
    drawdown = Pair(*(_mean([-max_drawdown(arm.returns) for arm in arms]) for arms in _arms(units)))
    turnover = Pair(*(_mean([arm.turnover for arm in arms]) for arms in _arms(units)))
    capacity = Pair(
        *(1.0 / value if value > 0.0 else float("inf") for value in (turnover.baseline, turnover.candidate))
    )
    return Guards(drawdown, turnover, seconds, capacity)


def _arms(units: Sequence[Unit]) -> tuple[list[Arm], list[Arm]]:
    return [unit.baseline for unit in units], [unit.candidate for unit in units]


def _mean(values: Sequence[float]) -> float:
    return ordered_mean(np.array(values))


def annual_effect(paired_deltas: PairedDeltas, days_per_year: float = 252.0) -> float:
    """Mean delta a year, a share of equity, averaged over units: for people to read, never for the gate."""
    return ordered_mean(_mean_over_units(paired_deltas.deltas)) * days_per_year if paired_deltas.days_ns.size else 0.0
