"""The stationary block bootstrap (Politis & Romano 1994) from given uniform numbers, written to be read.

A resampled history starts anywhere; each next bar is the one that followed, or with probability 1 / block_bars a new
start. The history is a circle: its first bar follows its last.
"""

import math

import numpy as np

from kernels.sweep_inputs import F64, I64


def indices(start: F64, restart: F64, block_bars: float) -> I64:
    """(R, T) positions of resampled histories, from uniforms in [0, 1): where a block starts and whether one does."""
    assert block_bars >= 1.0, "a block holds at least one bar"
    out = np.empty(start.shape, dtype=np.int64)
    for r, (starts, restarts) in enumerate(zip(start.tolist(), restart.tolist(), strict=True)):
        bars, at = len(starts), 0
        for t in range(bars):
            fresh = t == 0 or restarts[t] < 1.0 / block_bars
            at = math.floor(starts[t] * bars) if fresh else (at + 1) % bars
            out[r, t] = at
    return out


def means(values: F64, start: F64, restart: F64, block_bars: float) -> F64:
    """(R,) means of the resampled histories of `values` (T,), first bar to last; NaN without bars."""
    series, out = values.tolist(), np.full(len(start), math.nan)
    for r, positions in enumerate(indices(start, restart, block_bars).tolist()):
        total = 0.0
        for at in positions:
            total = total + series[at]
        out[r] = total / len(positions) if positions else math.nan
    return out
