"""What a shadow measures new days with: sizes, slopes and scale of a verdict's own confirm days, never moved again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cws.ablation.deltas import apart, same_size
from cws.gate.paired import PairedDeltas
from kernels.ordered import F64, ordered_mean


@dataclass(frozen=True)
class Frozen:
    """Per unit how much of its candidate is held and its delta's root mean square; per factor its slope on confirm
    days; and the scale of what is left."""

    held: Mapping[str, float]
    size: Mapping[str, float]
    slopes: tuple[float, ...]
    scale: float

    def excess(self, new: PairedDeltas, names: Sequence[str]) -> F64:
        """(T,) mean scaled delta a day over the units that have it, apart from the factors at their frozen slopes.

        `new` are deltas of candidates that are held as they are here.
        """
        return _mean_scaled(new.deltas, names, self.size) - _explained(new.factors, self.slopes)


def held_at(kept: pd.DataFrame) -> dict[str, float]:
    """Per unit of a verdict's deltas in the lake, the factor at which the gate held its candidate on those days.

    The lake keeps the baseline and the raw delta, so it keeps the factor too, also for verdicts older than this.
    """
    return {str(name): same_size(*_arms(own)) for name, own in kept.groupby("unit")}


def frozen(kept: pd.DataFrame, confirm: PairedDeltas) -> Frozen:
    """From a verdict's deltas as the lake holds them, and the factors of the same days; none may be missing."""
    held = held_at(kept)
    days = np.unique(kept["ts_event"].to_numpy())
    rows = np.full((len(held), len(days)), np.nan)
    for place, name in enumerate(held):
        own = kept[kept["unit"] == name]
        rows[place, np.searchsorted(days, own["ts_event"].to_numpy())] = apart(*_arms(own))
    size = {name: _rms(row[~np.isnan(row)]) for name, row in zip(held, rows, strict=True)}
    series = _mean_scaled(rows, list(held), size)
    factors = confirm.factors[:, np.isin(confirm.days_ns, days)]
    slopes = tuple(_slopes(series, factors).tolist())
    return Frozen(held, size, slopes, _rms(series - _explained(factors, slopes)))


def _arms(own: pd.DataFrame) -> tuple[F64, F64]:
    """(T,) returns a day of one unit's candidate and baseline."""
    baseline = own["baseline"].to_numpy()
    return baseline + own["delta"].to_numpy(), baseline


def _mean_scaled(rows: F64, names: Sequence[str], size: Mapping[str, float]) -> F64:
    total, count = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for name, row in zip(names, rows, strict=True):
        there = ~np.isnan(row) & (size.get(name, 0.0) > 0.0)
        total[there] += row[there] / size[name]
        count[there] += 1.0
    return np.divide(total, count, out=np.zeros(len(total)), where=count > 0.0)


def _rms(values: F64) -> float:
    return float(np.sqrt(ordered_mean(values * values))) if values.size else 0.0


def _slopes(series: F64, factors: F64) -> F64:
    """Least squares with a constant, one factor after the other (Frisch & Waugh 1933), sums in order."""
    basis: list[F64] = []
    for factor in factors:
        left = factor - ordered_mean(factor)
        for one in basis:
            left = left - ordered_mean(left * one) / ordered_mean(one * one) * one
        basis.append(left)
    slopes, rest = np.zeros(len(factors)), series - ordered_mean(series)
    for place in reversed(range(len(factors))):
        energy = ordered_mean(basis[place] * basis[place])
        slopes[place] = ordered_mean(rest * basis[place]) / energy if energy > 0.0 else 0.0
        rest = rest - slopes[place] * (factors[place] - ordered_mean(factors[place]))
    return slopes


def _explained(factors: F64, slopes: Sequence[float]) -> F64:
    total = np.zeros(factors.shape[1])
    for slope, factor in zip(slopes, factors, strict=True):
        total = total + slope * factor
    return total
