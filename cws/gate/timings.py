"""The judge of runtime: the same bytes, and less cost in interleaved runs A B B A.

Within a block the labels A and B are exchangeable when the patch changes nothing: a drift hits both alike. So the sign
of each block's difference is a fair coin, and counting over all signs is an exact test (Fisher 1935).
"""

import math
from dataclasses import dataclass

import numpy as np
from blake3 import blake3

from cws.gate.verdict import Kind, Reason, Verdict, corrected
from kernels.ordered import F64, ordered_mean
from modules.errors import CwsError

ENUMERATED_BLOCKS, SAMPLED_FLIPS = 14, 99_999


@dataclass(frozen=True)
class Timings:
    """`seconds` (blocks, 4) of the runs A B B A, A the baseline; whether every run gave the baseline's bytes."""

    same_bytes: bool
    seconds: F64

    def __post_init__(self) -> None:
        if self.seconds.ndim != 2 or self.seconds.shape[1] != 4 or not (self.seconds > 0.0).all():
            raise CwsError(
                "CWS-GATE-004",
                what=f"timings of shape {self.seconds.shape}, or a run of no time",
                where="seconds",
                fix="one row a block of four runs A B B A, seconds above zero",
            )


def saved(timings: Timings) -> F64:
    """(blocks,) log of baseline over candidate: above zero where the candidate took less."""
    a1, b1, b2, a2 = (np.array([math.log(value) for value in run.tolist()]) for run in timings.seconds.T)
    return 0.5 * (a1 - b1 + a2 - b2)


def _signs(blocks: int, rng: np.random.Generator) -> F64:
    """All sign vectors where there are few, else a random sample of them."""
    if blocks <= ENUMERATED_BLOCKS:
        bits = np.arange(2**blocks)[:, None] >> np.arange(blocks) & 1
    else:
        bits = rng.integers(0, 2, (SAMPLED_FLIPS, blocks))
    return bits.astype(np.float64) * 2.0 - 1.0


def flip_p(values: F64) -> float:
    """One-sided p of "the mean is not above zero" over sign flips of `values` (blocks,); seeded by their bytes."""
    rng = np.random.default_rng(int.from_bytes(blake3(values.tobytes()).digest(8)))
    signs = _signs(values.size, rng)
    totals = np.cumsum(signs * values, axis=1)[:, -1]
    seen = np.cumsum(values)[-1]
    # Sums of the same numbers with other signs tie with the seen one up to rounding.
    reached = int(np.count_nonzero(totals >= seen - 1e-12 * np.cumsum(np.abs(values))[-1]))
    return reached / len(signs) if values.size <= ENUMERATED_BLOCKS else (1 + reached) / (1 + len(signs))


def judged(timings: Timings, level: float, variants: int) -> Verdict:
    """PASS when every run gave the same bytes and took less time beyond chance.

    INSUFFICIENT when so few blocks could not show `level` at all.
    """
    if not timings.same_bytes:
        return Verdict(Kind.REJECT, Reason.BYTES_DIFFER)
    blocks = len(timings.seconds)
    if variants * 2.0**-blocks > level:
        return Verdict(Kind.INSUFFICIENT, Reason.TOO_FEW_BLOCKS, blocks=float(blocks), variants=variants)
    values = saved(timings)
    alone = flip_p(values)
    found = Verdict(
        Kind.PASS,
        Reason.FASTER,
        p=alone,
        p_alone=alone,
        batch_p=alone,
        effect=ordered_mean(values),
        blocks=float(blocks),
    )
    return corrected(found, variants, level)
