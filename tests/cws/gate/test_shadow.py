"""The shadow: rarely promotes what is no better, however often one looks, and soon promotes what is."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cws.gate.shadow import BETS, BOUND_SCALES, PROMOTE_LEVEL, Shadow, Stand, after_day, after_days
from modules.errors import CwsError

PATHS, DAYS = 400, 120


def test_wealth_by_hand() -> None:
    after = after_days(Shadow(scale=2.0), np.array([1.0, -2.0]))
    assert after.days == 2
    assert after.evidence_for == pytest.approx(sum((1 + 0.5 * b) * (1 - b) for b in BETS) / len(BETS))
    assert after.evidence_against == pytest.approx(sum((1 - 0.5 * b) * (1 + b) for b in BETS) / len(BETS))
    assert after.stand is Stand.GO_ON


def test_no_bet_can_lose_more_than_it_has() -> None:
    assert max(BETS) * BOUND_SCALES < 1.0


@pytest.mark.parametrize("law", ["normal", "fat", "losses", "gains"])
def test_looking_every_day_costs_nothing(law: str) -> None:
    rng = np.random.default_rng(3)
    shocks = {
        "normal": lambda: rng.standard_normal(DAYS),
        "fat": lambda: rng.standard_t(5, DAYS) * math.sqrt(0.6),
        "losses": lambda: 1.0 - rng.standard_exponential(DAYS),
        "gains": lambda: rng.standard_exponential(DAYS) - 1.0,
    }[law]
    ever = sum(after_days(Shadow(1.0), shocks()).stand is Stand.PROMOTE for _ in range(PATHS))
    assert ever / PATHS <= PROMOTE_LEVEL + 3.0 * math.sqrt(PROMOTE_LEVEL / PATHS)


def test_better_is_promoted_and_worse_rolled_back() -> None:
    rng = np.random.default_rng(4)
    for drift, stand in ((0.5, Stand.PROMOTE), (-0.5, Stand.ROLL_BACK)):
        ends = [after_days(Shadow(1.0), rng.normal(drift, 1.0, 250)).stand for _ in range(20)]
        assert ends.count(stand) >= 18


def test_a_loss_beyond_the_bound_rolls_back_and_a_gain_there_counts_as_the_bound() -> None:
    assert after_day(Shadow(1.0), -BOUND_SCALES * 1.01).stand is Stand.ROLL_BACK
    assert after_day(Shadow(1.0), float("nan")).stand is Stand.ROLL_BACK
    assert after_day(Shadow(1.0), 1e9) == after_day(Shadow(1.0), BOUND_SCALES)


def test_what_stands_stays() -> None:
    done = replace(Shadow(1.0), stand=Stand.PROMOTE)
    assert after_days(done, np.full(50, -1.0)) == done


def test_of_dependent_days_every_second_block_is_bet_on() -> None:
    shadow = Shadow(1.0, horizon_days=3)
    deltas = np.array([1.0, 2.0, 3.0, 50.0, 50.0, 50.0, -1.0])
    after = after_days(shadow, np.minimum(deltas, 8.0))
    assert after.for_it == tuple(1.0 + 2.0 * bet for bet in BETS)
    assert after.open_days == (-1.0,)
    assert after.days == 7


def test_day_by_day_is_all_at_once() -> None:
    deltas = np.random.default_rng(5).normal(0.1, 1.0, 30)
    one_by_one = Shadow(1.0, 2)
    for delta in deltas.tolist():
        one_by_one = after_day(one_by_one, delta)
    assert one_by_one == after_days(Shadow(1.0, 2), deltas)


@pytest.mark.parametrize(("scale", "horizon"), [(0.0, 1), (float("nan"), 1), (1.0, 0)])
def test_a_shadow_without_a_scale_is_refused(scale: float, horizon: int) -> None:
    with pytest.raises(CwsError, match="CWS-GATE-005"):
        Shadow(scale, horizon)
