"""What a processor can do at most, measured: the throughput of its divider, and the median time of a call."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from numba import njit

from kernels.panel_inputs import F64

DIVISIONS, DIVIDED, REPETITIONS = 20_000, 1_024, 5


def median_cpu_ns(call: Callable[[], object]) -> float:
    """Processor time of a call, once warm."""
    call()
    spent: list[int] = []
    for _ in range(REPETITIONS):
        started = time.process_time_ns()
        call()
        spent.append(time.process_time_ns() - started)
    return statistics.median(spent)


@njit(error_model="numpy")
def _divide(above: F64, below: F64, out: F64, times: int) -> None:
    for _ in range(times):
        for i in range(out.size):
            out[i] = above[i] / (below[i] + out[i])


def division_ns() -> float:
    """Nanoseconds of processor time a division of 64-bit floats takes when none waits for another."""
    rng = np.random.default_rng(0)
    above, below, out = rng.uniform(1.0, 2.0, DIVIDED), rng.uniform(1.0, 2.0, DIVIDED), np.zeros(DIVIDED)
    return median_cpu_ns(lambda: _divide(above, below, out, DIVISIONS)) / (DIVISIONS * DIVIDED)
