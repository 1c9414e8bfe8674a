"""Shadow: a shipped-on-paper patch on new days, judged by an e-process, so that looking every day costs nothing.

Wealth of a gambler who bets on the candidate's excess: W = mean over bets b of prod (1 + b x), x the block's mean delta
in the scale frozen at the start of shadow (Waudby-Smith & Ramdas 2024; a fixed mixture instead of an adapted bet).
Without an improvement E[x | past] <= 0, W is a supermartingale, and it ever reaches 1 / level with a chance of at most
`level` (Ville 1939). Roll-back bets the other way.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kernels.ordered import F64, ordered_mean
from modules.errors import CwsError

# A day's delta beyond this many frozen scales breaks what the bets assume. Gains are cut there (a gain cut off favours
# nobody); losses roll the patch back at once.
BOUND_SCALES = 8.0
BETS = tuple(0.9 / BOUND_SCALES * 2.0 ** (-k / 2.0) for k in range(8))
PROMOTE_LEVEL, ROLL_BACK_LEVEL = 0.05, 0.05


class Stand(StrEnum):
    GO_ON = "go on"
    PROMOTE = "promote"
    ROLL_BACK = "roll back"


@dataclass(frozen=True)
class Shadow:
    """A value: what the days so far leave behind. `open_days` wait for their block of `horizon_days` to fill."""

    scale: float
    horizon_days: int = 1
    days: int = 0
    for_it: tuple[float, ...] = (1.0,) * len(BETS)
    against: tuple[float, ...] = (1.0,) * len(BETS)
    open_days: tuple[float, ...] = ()
    stand: Stand = Stand.GO_ON

    def __post_init__(self) -> None:
        if not self.scale > 0.0 or self.horizon_days < 1:
            raise CwsError(
                "CWS-GATE-005",
                what=f"a shadow of scale {self.scale} and horizon {self.horizon_days} days",
                where="shadow",
                fix="the series' root mean square on confirm folds, above zero; a horizon of a day or more",
            )

    @property
    def evidence_for(self) -> float:
        return ordered_mean(np.array(self.for_it))

    @property
    def evidence_against(self) -> float:
        return ordered_mean(np.array(self.against))


def _bet(wealth: tuple[float, ...], x: float) -> tuple[float, ...]:
    return tuple(held * (1.0 + bet * x) for held, bet in zip(wealth, BETS, strict=True))


def _stand(for_it: tuple[float, ...], against: tuple[float, ...]) -> Stand:
    if ordered_mean(np.array(against)) >= 1.0 / ROLL_BACK_LEVEL:
        return Stand.ROLL_BACK
    return Stand.PROMOTE if ordered_mean(np.array(for_it)) >= 1.0 / PROMOTE_LEVEL else Stand.GO_ON


def after_day(shadow: Shadow, delta: float) -> Shadow:
    """The shadow after one more day; once it stands, it stays.

    Days of a horizon L > 1 depend on each other, so only every second block of L days is bet on: what a bet knows
    ended L days before its block begins.
    """
    if shadow.stand is not Stand.GO_ON:
        return shadow
    days, x = shadow.days + 1, delta / shadow.scale
    if not x >= -BOUND_SCALES:
        return _with(shadow, days, shadow.for_it, shadow.against, (), Stand.ROLL_BACK)
    horizon = shadow.horizon_days
    if horizon > 1 and (shadow.days // horizon) % 2:
        return _with(shadow, days, shadow.for_it, shadow.against, (), Stand.GO_ON)
    block = (*shadow.open_days, min(x, BOUND_SCALES))
    if len(block) < horizon:
        return _with(shadow, days, shadow.for_it, shadow.against, block, Stand.GO_ON)
    mean = ordered_mean(np.array(block))
    for_it, against = _bet(shadow.for_it, mean), _bet(shadow.against, -mean)
    return _with(shadow, days, for_it, against, (), _stand(for_it, against))


def _with(
    shadow: Shadow,
    days: int,
    for_it: tuple[float, ...],
    against: tuple[float, ...],
    block: tuple[float, ...],
    stand: Stand,
) -> Shadow:
    return Shadow(shadow.scale, shadow.horizon_days, days, for_it, against, block, stand)


def after_days(shadow: Shadow, deltas: F64) -> Shadow:
    """The shadow after `deltas` (T,), day by day."""
    for delta in deltas.tolist():
        shadow = after_day(shadow, delta)
    return shadow
