"""Products that the compiler may not fuse with the sum after them: a fused one rounds once and gives other bytes.

numba's CUDA compiler contracts a * b + c by default and has no switch for it; libdevice's rounded product is never
fused. The simulator computes in Python, which fuses nothing, and knows no libdevice.
"""

from typing import Any

from numba import config, cuda

if config.ENABLE_CUDASIM:  # pyright: ignore[reportAttributeAccessIssue]

    def _product(a: float, b: float) -> float:
        return a * b

else:
    from numba.cuda import libdevice

    def _product(a: float, b: float) -> float:
        return libdevice.dmul_rn(a, b)


times: Any = cuda.jit(_product, device=True)
