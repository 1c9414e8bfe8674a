"""Centre and spread of a sample of floats (NaN ignored): the `scale` skills. Both return (centre, spread)."""

import numpy as np
from numpy.typing import NDArray

from kernels.ordered import median, ordered_sum
from modules.skills.registry import skill


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


@skill("scale", version=1)
def mad_scale(values: NDArray[np.float64]) -> tuple[float, float]:
    """Median and 1.4826 x median absolute deviation, the normal-consistent choice of Hampel (1974)."""
    kept = _finite(values)
    if not kept.size:
        return float("nan"), float("nan")
    centre = median(kept)
    return centre, 1.4826 * median(np.abs(kept - centre))


@skill("scale", version=1)
def std_scale(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1), summed left to right."""
    kept = _finite(values)
    if kept.size < 2:
        return float("nan"), float("nan")
    mean = ordered_sum(kept) / kept.size
    return mean, float(np.sqrt(ordered_sum((kept - mean) * (kept - mean)) / (kept.size - 1)))
