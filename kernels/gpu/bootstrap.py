"""The bootstrap of kernels/reference on a CUDA device: one thread a resampled history."""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

from typing import Any

import numpy as np
from numba import cuda as _cuda

from kernels.gpu.arithmetic import times
from kernels.sweep_inputs import F64, I64

# What numba's stubs say of its CUDA functions is not what they take.
cuda: Any = _cuda
THREADS = 128


def _next(at, start, restart, t, bars, chance):
    if t == 0 or restart < chance:
        return int(times(start, bars))
    return at + 1 if at + 1 < bars else 0


_following: Any = cuda.jit(_next, device=True)


@cuda.jit
def _indices(start, restart, chance, out):
    r = cuda.grid(1)
    if r < out.shape[0]:
        at = 0
        for t in range(out.shape[1]):
            at = _following(at, start[r, t], restart[r, t], t, out.shape[1], chance)
            out[r, t] = at


@cuda.jit
def _means(values, start, restart, chance, out):
    r = cuda.grid(1)
    if r < out.size:
        at, total = 0, 0.0
        for t in range(start.shape[1]):
            at = _following(at, start[r, t], restart[r, t], t, start.shape[1], chance)
            total = total + values[at]
        out[r] = total / start.shape[1]


def _launched(kernel: Any, given: tuple[F64, ...], block_bars: float, out: Any) -> Any:
    assert block_bars >= 1.0, "a block holds at least one bar"
    on_device = [cuda.to_device(np.ascontiguousarray(array)) for array in (*given, out)]
    kernel[(len(out) + THREADS - 1) // THREADS, THREADS](*on_device[:-1], 1.0 / block_bars, on_device[-1])
    return on_device[-1].copy_to_host()


def indices(start: F64, restart: F64, block_bars: float) -> I64:
    """(R, T) positions of resampled histories, from uniforms in [0, 1): where a block starts and whether one does."""
    out = np.empty(start.shape, dtype=np.int64)
    return _launched(_indices, (start, restart), block_bars, out) if out.size else out


def means(values: F64, start: F64, restart: F64, block_bars: float) -> F64:
    """(R,) means of the resampled histories of `values` (T,), first bar to last; NaN without bars."""
    out = np.full(len(start), np.nan)
    return _launched(_means, (values, start, restart), block_bars, out) if start.size else out
