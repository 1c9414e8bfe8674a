"""What the gate sees of an ablation: paired deltas, the days, the common factors. No proposer, no patch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cws.gate.p_value import enough_days
from kernels.cpu.neutral import neutral
from kernels.ordered import F64, ordered_sum
from modules.errors import CwsError

# A delta of this size is what two orders of the same sum differ by.
ROUNDING = 1e-12


def _read_only(values: F64) -> F64:
    seen = np.ascontiguousarray(values, dtype=np.float64).view()
    seen.flags.writeable = False
    return seen


@dataclass(frozen=True)
class PairedDeltas:
    """Candidate minus baseline, as returns per day.

    `days_ns` (T,) rising UTC stamps; `deltas` (units, T), one row a (strategy, market), NaN on days without a market;
    `factors` (K, T) returns of the common factors, K may be 0; `horizon_days` how long a position is held.
    Raises CWS-GATE-001 when they do not fit together.
    """

    days_ns: NDArray[np.int64]
    deltas: F64
    factors: F64
    horizon_days: int = 1

    def __post_init__(self) -> None:
        if wrong := self._misfit():
            raise CwsError(
                "CWS-GATE-001",
                what=wrong,
                where=f"paired deltas {self.deltas.shape}, factors {self.factors.shape}, days {self.days_ns.shape}",
                fix="(units, T) deltas, (K, T) factors, T rising days",
            )
        object.__setattr__(self, "deltas", _read_only(self.deltas))
        object.__setattr__(self, "factors", _read_only(self.factors))

    def _misfit(self) -> str:
        if self.deltas.ndim != 2 or self.factors.ndim != 2 or self.days_ns.ndim != 1:
            return "wrong number of dimensions"
        if not self.deltas.shape[1] == self.factors.shape[1] == self.days_ns.size:
            return "different numbers of days"
        if (self.days_ns[1:] <= self.days_ns[:-1]).any():
            return "days do not rise"
        if np.isinf(self.deltas).any() or not np.isfinite(self.factors).all():
            return "a value that is no number"
        return "" if self.horizon_days >= 1 else "a horizon below one day"


def scaled(deltas: F64) -> F64:
    """A unit's deltas over their root mean square; zeros stay zeros.

    The scale has no sign in it: swapping the labels of baseline and candidate on any days leaves it as it is.
    """
    size = _size(deltas)
    return deltas / size if size > ROUNDING else np.zeros(deltas.size)


def _size(values: F64) -> float:
    """Root mean square."""
    return float(np.sqrt(ordered_sum(values * values) / values.size))


def _unit(paired: PairedDeltas, row: F64) -> F64:
    """(T,) one unit's scaled deltas apart from the factors, NaN where it has none."""
    known = ~np.isnan(row)
    deltas = scaled(row[known])
    if len(paired.factors):
        deltas = neutral(deltas, paired.factors[:, known])
        if np.isnan(deltas).any():
            raise CwsError(
                "CWS-GATE-002",
                what="the common factors explain a constant, so they would explain any improvement",
                where="factors",
                fix="give returns of factors, without a constant column",
            )
    out = np.full(row.size, np.nan)
    out[known] = deltas
    return out


def averaged(paired: PairedDeltas) -> F64:
    """One series: per unit scaled and apart from the factors, averaged per day over the units that have it.

    Days without any unit are left out, and so are units too short to be judged; empty when none is left.
    Raises CWS-GATE-002 when the factors explain a constant.
    """
    known = np.cumsum(~np.isnan(paired.deltas), axis=1)[:, -1] if paired.days_ns.size else np.zeros(0)
    rows = [
        _unit(paired, row)
        for row, days in zip(paired.deltas, known, strict=False)
        if enough_days(int(days), paired.horizon_days)
    ]
    if not rows:
        return np.empty(0)
    total, count = np.zeros(paired.days_ns.size), np.zeros(paired.days_ns.size)
    for row in rows:
        there = ~np.isnan(row)
        total[there] += row[there]
        count[there] += 1.0
    return total[count > 0.0] / count[count > 0.0]
