"""What a table's numbers look like, in a few figures a column: for a trace, never for a hashed result.

Quantiles are of at most SAMPLE_ROWS rows taken at equal distances, so the same table gives the same figures and a large
one costs no more than a small one. The share of NaN is of all rows.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

SAMPLE_ROWS = 8_192
QUANTILES = (0.01, 0.50, 0.99)
# Stamps and places in a source only ever grow: their quantiles say when, not what.
NOT_PROFILED = ("row", "set")


@dataclass(frozen=True)
class ColumnProfile:
    """p01, p50, p99 of the sampled numbers (NaN when there is none), values that occur, share of NaN of all rows.

    `distinct` counts values among the sampled rows, NaN aside; 1 is only said when it holds for all rows.
    """

    p01: float
    p50: float
    p99: float
    nan_share: float
    distinct: int


def is_profiled(name: str, series: pd.Series) -> bool:
    """Real numbers and counts that are neither a stamp nor a place in a source."""
    return series.dtype.kind in "fi" and not (name.startswith("ts_") or name.endswith("_ns") or name in NOT_PROFILED)


def profile(frame: pd.DataFrame) -> dict[str, ColumnProfile]:
    """A ColumnProfile for every numeric column that says what, not when. An empty frame has none."""
    if not len(frame):
        return {}
    return {str(name): _column(frame[name].to_numpy()) for name in frame.columns if is_profiled(name, frame[name])}


def _column(values: np.ndarray) -> ColumnProfile:
    hole = np.isnan(values) if values.dtype.kind == "f" else None
    nan_share = float(np.count_nonzero(hole)) / len(values) if hole is not None else 0.0
    sample = values[:: -(-len(values) // SAMPLE_ROWS)]
    sample = np.sort(sample[~np.isnan(sample)] if nan_share else sample)
    if not len(sample):
        return ColumnProfile(float("nan"), float("nan"), float("nan"), nan_share, 0)
    # The lower neighbour, not an interpolation: every figure is a value of the table.
    low, middle, high = (float(sample[int(q * (len(sample) - 1))]) for q in QUANTILES)
    distinct = 1 + int(np.count_nonzero(sample[1:] != sample[:-1]))
    if distinct == 1 and len(sample) < len(values):
        known = values[~hole] if hole is not None and nan_share else values
        distinct += int(bool((known != sample[0]).any()))
    return ColumnProfile(low, middle, high, nan_share, distinct)
