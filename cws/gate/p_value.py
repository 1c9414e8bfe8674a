"""One-sided p-value of "the mean is not above zero" for a paired series whose days depend on each other.

The days of a patch that holds for L days depend on each other up to L days apart: L is declared by the task, never
estimated, so nobody can tune it. The studentised mean is compared with Student's t (a fixed-b test: its long-run
variance comes from B = T / (2 L) cosine frequencies only, weighted by the declared spectrum). A t test is too liberal
for series with rare large losses, so skewness counts against a candidate, never for it (Hall 1992), and it is taken one
standard error below its estimate: the losses that make it have often not happened yet.
docs/gate.md has the measured sizes.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kernels.cpu.mean_test import moments
from kernels.cpu.tails import t_upper
from kernels.ordered import F64, ordered_sum
from kernels.reference.mean_test import cosines

# Below this many effective blocks T / L the reference distribution is a guess.
MIN_BLOCKS = 20


def enough_days(days: int, horizon_days: int) -> bool:
    """Whether a series holds MIN_BLOCKS effective blocks."""
    return days >= MIN_BLOCKS * horizon_days


@dataclass(frozen=True)
class Reference:
    """What a series is compared with.

    `table` (T, B) are cosines (none when days are independent: then all frequencies count), `expected_energy` what they
    sum to at a long-run variance of 1, `freedom` the degrees of freedom of t.
    """

    table: F64
    expected_energy: float
    freedom: float


@lru_cache(maxsize=256)
def reference(days: int, horizon_days: int, factors: int) -> Reference:
    """The declared spectrum is that of an AR(1) whose integrated autocorrelation is `horizon_days`.

    Relative to frequency zero it is (1 - r)^2 / (1 - 2 r cos w + r^2) with r = (L - 1) / (L + 1): flat for L = 1, and
    steeper than that of overlapping sums over L days. Degrees of freedom are (sum s)^2 / sum s^2 (Satterthwaite 1946).
    Fitted factors take their share of both.
    """
    share = (days - 1.0 - factors) / (days - 1.0)
    if horizon_days == 1:
        return Reference(np.empty((days, 0)), (days - 1.0) * share, (days - 1.0) * share)
    frequencies, r = days // (2 * horizon_days), (horizon_days - 1.0) / (horizon_days + 1.0)
    angles = [math.pi * (j + 1) / days for j in range(frequencies)]
    spectrum = np.array([(1.0 - r) ** 2 / (1.0 - 2.0 * r * math.cos(angle) + r * r) for angle in angles])
    total = ordered_sum(spectrum)
    freedom = total * total / ordered_sum(spectrum * spectrum)
    return Reference(cosines(days, frequencies), total * share, freedom * share)


@dataclass(frozen=True)
class MeanTests:
    """One row a series: the mean, its standard error, the studentised mean after its skewness, and the p-value."""

    mean: F64
    standard_error: F64
    t: F64
    p: F64


def _less_skewed(t: F64, skewness: F64, blocks: float) -> F64:
    """Hall's (1992) monotone transformation of a studentised mean, taken only where it lowers it.

    The standard error of a sample's skewness is sqrt(6 / n).
    """
    u = (skewness - math.sqrt(6.0 / blocks)) / math.sqrt(blocks)
    return np.minimum(t, t + u * (t * t / 3.0 + 1.0 / 6.0) + u * u * t * t * t / 27.0)


def mean_tests(rows: F64, horizon_days: int, factors: int = 0) -> MeanTests:
    """Test each of `rows` (N, T), of which `factors` were fitted away; T / L must be at least MIN_BLOCKS.

    A series that does not vary has p = 1, unless its mean is above zero.
    """
    days = rows.shape[1]
    assert enough_days(days, horizon_days), "too few effective blocks: ask enough_days first"
    against = reference(days, horizon_days, factors)
    mean, energy, skewness = moments(rows, against.table, horizon_days).T
    error = np.sqrt(energy / against.expected_energy / days)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = mean / error
        t = np.where(np.isfinite(t), _less_skewed(t, skewness, days / horizon_days), t)
    return MeanTests(mean, error, t, t_upper(t, against.freedom))
