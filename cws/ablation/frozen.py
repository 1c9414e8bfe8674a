"""What a shadow measures new days with: sizes, slopes and scale of a verdict's own confirm days, never moved again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cws.gate.paired import PairedDeltas
from kernels.ordered import F64, ordered_mean


@dataclass(frozen=True)
class Frozen:
    """Per unit its delta's root mean square, per factor its slope on confirm days, and the scale of what is left."""

    size: Mapping[str, float]
    slopes: F64
    scale: float

    def excess(self, new: PairedDeltas, names: Sequence[str]) -> F64:
        """(T,) mean scaled delta a day over the units that have it, apart from the factors at their frozen slopes."""
        return _mean_scaled(new.deltas, names, self.size) - _explained(new.factors, self.slopes)


def frozen(kept: pd.DataFrame, confirm: PairedDeltas) -> Frozen:
    """From a verdict's deltas as the lake holds them, and the factors of the same days; none may be missing."""
    names = sorted(set(kept["unit"]))
    days = np.unique(kept["ts_event"].to_numpy())
    rows = np.full((len(names), len(days)), np.nan)
    for place, name in enumerate(names):
        own = kept[kept["unit"] == name]
        rows[place, np.searchsorted(days, own["ts_event"].to_numpy())] = own["delta"].to_numpy()
    size = {name: _rms(row[~np.isnan(row)]) for name, row in zip(names, rows, strict=True)}
    series = _mean_scaled(rows, names, size)
    factors = confirm.factors[:, np.isin(confirm.days_ns, days)]
    slopes = _slopes(series, factors)
    return Frozen(size, slopes, _rms(series - _explained(factors, slopes)))


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


def _explained(factors: F64, slopes: F64) -> F64:
    total = np.zeros(factors.shape[1])
    for slope, factor in zip(slopes.tolist(), factors, strict=True):
        total = total + slope * factor
    return total
