"""A shadow bets on the delta that its gate measured, however much the candidate holds, and new days move none of it."""

import math

import numpy as np
import pandas as pd
import pytest

from cws.ablation.arm import Arm
from cws.ablation.deltas import Unit, paired
from cws.ablation.frozen import frozen, held_at
from cws.ablation.ground import DAY_NS
from cws.ablation.record import delta_rows
from cws.gate.paired import PairedDeltas
from cws.gate.shadow import PROMOTE_LEVEL, ROLL_BACK_LEVEL, Shadow, Stand, after_days
from kernels.ordered import F64

CONFIRM_DAYS, NEW_DAYS, PATHS = 300, 300, 40
DAILY = 0.01


def a_unit(seed: int, lever: float, drift: float, better: float = 0.0, days: int = CONFIRM_DAYS + NEW_DAYS) -> Unit:
    """A long-only book, and the same with noise of its own, of which `lever` is held."""
    rng = np.random.default_rng(seed)
    market = DAILY * (drift + rng.standard_normal(CONFIRM_DAYS + NEW_DAYS))
    other = lever * (market + 0.3 * DAILY * (better + rng.standard_normal(CONFIRM_DAYS + NEW_DAYS)))
    stamps, none = np.arange(days), np.zeros(days)
    arms = Arm("base", stamps, market[:days], none), Arm("patched", stamps, other[:days], none)
    return Unit("book", *arms, dict(enumerate(market[:days].tolist())))


def kept_of(unit: Unit) -> pd.DataFrame:
    """What the lake holds of a verdict on the confirm days."""
    rows = delta_rows([unit])
    return rows[rows["ts_event"] < CONFIRM_DAYS * DAY_NS]


def cut(whole: PairedDeltas, days: slice) -> PairedDeltas:
    return PairedDeltas(whole.days_ns[days], whole.deltas[:, days], whole.factors[:, days])


def new_excess(unit: Unit) -> tuple[F64, float]:
    """(new days,) what is bet on, and the scale."""
    kept = kept_of(unit)
    whole = paired([unit], 1, held_at(kept))
    hedge = frozen(kept, cut(whole, slice(0, CONFIRM_DAYS)))
    return hedge.excess(cut(whole, slice(CONFIRM_DAYS, None)), ["book"]), hedge.scale


def stands(lever: float, drift: float, better: float = 0.0) -> list[Stand]:
    found: list[Stand] = []
    for seed in range(PATHS):
        excess, scale = new_excess(a_unit(seed, lever, drift, better))
        found.append(after_days(Shadow(scale), excess).stand)
    return found


@pytest.mark.parametrize("drift", [0.0, 0.1])
@pytest.mark.parametrize("lever", [0.5, 1.0, 2.0])
def test_what_changes_only_the_size_is_rarely_promoted_and_rarely_rolled_back(lever: float, drift: float) -> None:
    ends = stands(lever, drift)
    for stand, level in ((Stand.PROMOTE, PROMOTE_LEVEL), (Stand.ROLL_BACK, ROLL_BACK_LEVEL)):
        assert ends.count(stand) / PATHS <= level + 3.0 * math.sqrt(level / PATHS)


def test_what_is_better_at_half_the_size_is_not_rolled_back() -> None:
    ends = stands(lever=0.5, drift=0.0, better=0.4)
    assert ends.count(Stand.PROMOTE) / PATHS > 0.9 and ends.count(Stand.ROLL_BACK) == 0


def test_confirm_days_are_held_as_the_gate_held_them() -> None:
    unit = a_unit(1, 0.5, 0.05, days=CONFIRM_DAYS)
    gates, shadows = paired([unit], 1), paired([unit], 1, held_at(kept_of(unit)))
    np.testing.assert_allclose(shadows.deltas, gates.deltas, rtol=0.0, atol=1e-15)
    whole = a_unit(1, 0.5, 0.05)
    assert held_at(kept_of(whole)) == held_at(kept_of(unit)), "new days change nothing"


@pytest.mark.parametrize("lever", [0.5, 1.0, 2.0])
def test_size_alone_decides_nothing(lever: float) -> None:
    """Half or twice of the same is the same bets."""
    (one, scale), (other, other_scale) = new_excess(a_unit(2, 1.0, 0.1)), new_excess(a_unit(2, lever, 0.1))
    np.testing.assert_allclose(other / other_scale, one / scale, rtol=0.0, atol=1e-9)


def test_new_days_are_measured_with_the_old_ones() -> None:
    """A patch that only holds more of a factor has no excess on new days, whatever the factor does there."""
    rng = np.random.default_rng(1)
    factor, baseline = rng.normal(0.0, 0.01, (2, 300)), rng.normal(0.0, 0.01, 300)
    more = 0.7 * factor[0] - 0.2 * factor[1]
    days = np.arange(300) * DAY_NS
    kept = pd.DataFrame({"unit": "u", "ts_event": days[:200], "baseline": baseline[:200], "delta": more[:200]})
    kept["delta"] += rng.normal(0.0, 0.001, 200)
    at = held_at(kept)["u"]
    deltas = (baseline + more) * at - baseline
    factors = np.vstack([factor, baseline])
    hedge = frozen(kept, PairedDeltas(days[:200], deltas[None, :200], factors[:, :200]))
    excess = hedge.excess(PairedDeltas(days[200:], deltas[None, 200:], factors[:, 200:]), ["u"])
    assert np.abs(excess).max() < 0.1 * np.abs(deltas[200:]).max() / hedge.size["u"], "what the factors did is gone"
    assert hedge.scale < 0.3, "the scale is that of what is left"
