"""Products that the compiler may not fuse with the sum after them: a fused one rounds once and gives other bytes.

numba's CUDA compiler contracts a * b + c by default and has no switch for it; libdevice's rounded product is never
fused. The simulator computes in Python, which fuses nothing, and knows no libdevice.
"""

from typing import Any

from numba import config, cuda
from numba.cuda import libdevice


def _simulated(a: float, b: float) -> float:
    return a * b


def _rounded(a: float, b: float) -> Any:
    return libdevice.dmul_rn(a, b)


SIMULATOR = bool(config.ENABLE_CUDASIM)  # pyright: ignore[reportAttributeAccessIssue]
times: Any = cuda.jit(_simulated if SIMULATOR else _rounded, device=True)
