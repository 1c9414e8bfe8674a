"""The bootstrap of kernels/reference, compiled: histories are independent, and none is stored to be averaged.

The compiler's disk cache looks at this file alone: nothing compiled here calls what is compiled elsewhere.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

from typing import Any

import numpy as np
from numba import njit

from kernels.sweep_inputs import F64, I64


def _compiled(function: Any) -> Any:
    # No fast-math, no contraction: the operation order is the semantics.
    return njit(error_model="numpy", nogil=True, cache=True)(function)


@_compiled
def _next(at, start, restart, t, bars, chance):
    if t == 0 or restart < chance:
        return int(start * bars)
    return at + 1 if at + 1 < bars else 0


@_compiled
def _indices(start, restart, chance, out):
    for r in range(start.shape[0]):
        at = 0
        for t in range(start.shape[1]):
            at = _next(at, start[r, t], restart[r, t], t, start.shape[1], chance)
            out[r, t] = at


@_compiled
def _means(values, start, restart, chance, out):
    for r in range(start.shape[0]):
        at, total = 0, 0.0
        for t in range(start.shape[1]):
            at = _next(at, start[r, t], restart[r, t], t, start.shape[1], chance)
            total = total + values[at]
        out[r] = total / start.shape[1]


def indices(start: F64, restart: F64, block_bars: float) -> I64:
    """(R, T) positions of resampled histories, from uniforms in [0, 1): where a block starts and whether one does."""
    assert block_bars >= 1.0, "a block holds at least one bar"
    out = np.empty(start.shape, dtype=np.int64)
    _indices(np.ascontiguousarray(start), np.ascontiguousarray(restart), 1.0 / block_bars, out)
    return out


def means(values: F64, start: F64, restart: F64, block_bars: float) -> F64:
    """(R,) means of the resampled histories of `values` (T,), first bar to last; NaN without bars."""
    assert block_bars >= 1.0, "a block holds at least one bar"
    out = np.empty(len(start))
    given = (np.ascontiguousarray(array) for array in (values, start, restart))
    _means(*given, 1.0 / block_bars, out)
    return out
