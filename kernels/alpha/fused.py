"""Fused multiply-add, a * b + c rounded once: the instruction where the processor has it, the C library where not."""

from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@intrinsic
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """For compiled kernels. Explicit, so that no compiler flag decides where products are fused."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


def _one(a: float, b: float, c: float) -> float:
    return fma(a, b, c)  # pyright: ignore[reportCallIssue]


# For rows of numpy.
fma_rows: Callable[[F64, F64, F64], F64] = nb.vectorize(["float64(float64, float64, float64)"], cache=True)(_one)
