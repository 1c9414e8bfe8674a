"""log, log1p and power of the C library over whole matrices: the bits of `kernels.ordered`, without Python's calls.

Results go into `out` where one is given: a C-contiguous matrix of the same shape.
"""

import math

import numba as nb
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@nb.njit(cache=True, error_model="numpy")
def _log(x: F64, out: F64) -> None:
    for at in range(x.size):
        out[at] = math.log(x[at]) if x[at] > 0.0 else np.nan


@nb.njit(cache=True, error_model="numpy")
def _log1p(x: F64, out: F64) -> None:
    for at in range(x.size):
        out[at] = math.log1p(x[at]) if x[at] > -1.0 else np.nan


@nb.njit(cache=True, error_model="numpy")
def _signed_power(x: F64, exponent: float, out: F64) -> None:
    for at in range(x.size):
        size = abs(x[at])
        # 0 ** negative is no number here, as in kernels.ordered.
        defined = size == size and (size > 0.0 or exponent >= 0.0)
        out[at] = math.copysign(math.pow(size, exponent), x[at]) if defined else np.nan


def log(x: F64, out: F64 | None = None) -> F64:
    """Natural logarithm; NaN for values <= 0."""
    out = np.empty(x.shape) if out is None else out
    _log(np.ascontiguousarray(x).reshape(-1), out.reshape(-1))
    return out


def log1p(x: F64, out: F64 | None = None) -> F64:
    """Natural logarithm of 1 + x; NaN for values <= -1."""
    out = np.empty(x.shape) if out is None else out
    _log1p(np.ascontiguousarray(x).reshape(-1), out.reshape(-1))
    return out


def signed_power(x: F64, exponent: float, out: F64 | None = None) -> F64:
    """sign(x) * abs(x) ** exponent; NaN for 0 ** negative."""
    out = np.empty(x.shape) if out is None else out
    _signed_power(np.ascontiguousarray(x).reshape(-1), exponent, out.reshape(-1))
    return out
