"""Placebos: real candidates whose labels a coin swaps per block, so that their mean delta is zero by construction.

Everything else stays as real: the days, the tails, the shared path. How many of them ship is the measured noise floor.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cws.gate.paired import PairedDeltas
from kernels.cpu.tails import incomplete_beta
from modules.errors import CwsError

SHARE = 0.05


def slots(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which of `count` slots of a batch get a placebo, rising: each with a chance of SHARE, however many there are.

    Of what SHARE leaves over a coin makes one more or none. Rounded up, a batch of one would be half placebo, cost its
    patch half of its level, and weigh in the pooled rate as much as twenty slots of a large batch.
    """
    percent = round(100 * SHARE) * count
    places = rng.choice(count, size=-(-percent // 100), replace=False)
    return np.sort(places[: (percent + int(rng.integers(100))) // 100]).astype(np.int64)


def swapped(paired: PairedDeltas, rng: np.random.Generator) -> PairedDeltas:
    """Baseline and candidate swapped in blocks of `horizon_days` by a fair coin, in all units alike."""
    blocks = -(-paired.days_ns.size // paired.horizon_days)
    coins = np.repeat(rng.integers(0, 2, blocks) * 2.0 - 1.0, paired.horizon_days)[: paired.days_ns.size]
    return replace(paired, deltas=paired.deltas * coins)


@dataclass(frozen=True)
class Rate:
    """A share with its exact interval."""

    share: float
    low: float
    high: float


def _inverse(a: float, b: float, probability: float) -> float:
    """The x where I_x(a, b) is `probability`, by bisection to the last bit."""
    low, high = 0.0, 1.0
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return middle
        if incomplete_beta(a, b, middle) < probability:
            low = middle
        else:
            high = middle


def exact_rate(ships: int, tries: int, level: float = 0.95) -> Rate:
    """Clopper & Pearson's (1934) interval of a binomial share.

    Raises CWS-GATE-006 for counts that cannot be.
    """
    if not 0 <= ships <= tries or tries < 1:
        raise CwsError(
            "CWS-GATE-006",
            what=f"{ships} ships of {tries} placebos",
            where="placebos",
            fix="0 <= ships <= tries, tries > 0",
        )
    outside = (1.0 - level) / 2.0
    low = _inverse(ships, tries - ships + 1, outside) if ships else 0.0
    high = _inverse(ships + 1, tries - ships, 1.0 - outside) if ships < tries else 1.0
    return Rate(ships / tries, low, high)
