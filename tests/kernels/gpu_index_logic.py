"""Run in a process of its own with NUMBA_ENABLE_CUDASIM=1, or on a machine with a device: the device's versions against
the plain loops. Prints one line a family; anything else than `equal` is a failure.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "helpers")]

import numpy as np  # noqa: E402
from same_bytes import same_bytes  # noqa: E402
from test_sweep import PAID, case  # noqa: E402

from kernels.gpu import sweep as gpu  # noqa: E402
from kernels.reference import sweep as reference  # noqa: E402


def sweeps(bars: int, sets: int) -> bool:
    equal = True
    for number, rule in enumerate(gpu.RULES):
        for volatility in (0.03, 0.8):
            given = case(number, bars, sets, PAID, volatility)
            equal &= same_bytes(gpu.sweep(rule, *given), reference.sweep(rule, *given))
        rows = np.array([sets - 1, 0])
        equal &= same_bytes(gpu.curves(rule, *given, rows), reference.curves(rule, *given, rows))
    none = case(1, bars, 0, PAID)
    return equal and gpu.sweep("ma_cross", *none).shape == (0, 5)


if __name__ == "__main__":
    bars, sets = (int(word) for word in sys.argv[1:])
    sys.stdout.write(f"sweep {'equal' if sweeps(bars, sets) else 'differs'}\n")
