"""vectorbt agrees on every rule of the sweep: it does the accounts, and sides are taken here from the signals alone."""

from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import vectorbt as vbt
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sweep_cases import case

from kernels.alpha.assigned import Assigned
from kernels.alpha.batch import evaluate
from kernels.alpha.binding import bind
from kernels.alpha.parse import parse
from kernels.cpu import sweep as cpu
from kernels.sweep_alpha import DECIDES, alpha_features
from kernels.sweep_inputs import Lanes, Market, Terms

BARS = 60


class Signals(NamedTuple):
    """Each (T, N): wants long, wants the other side, leaves long, leaves short."""

    up: np.ndarray
    down: np.ndarray
    sold: np.ndarray
    covered: np.ndarray


def signals(rule: str, features: np.ndarray, close: np.ndarray, lanes: Lanes) -> Signals:
    first, second, never = features[:, lanes.first], features[:, lanes.second], np.zeros((BARS, len(lanes.low)), bool)
    if rule == "ma_cross":
        return Signals(first > second, first < second, never, never)
    if rule == "donchian":
        return Signals(close[:, None] > first, close[:, None] < second, never, never)
    if rule == "rsi_bands":
        return Signals(first < lanes.low, first > lanes.high, never, never)
    return Signals(first < -lanes.high, first > lanes.high, first >= -lanes.low, first <= lanes.low)


def sides(given_: Signals, short: float) -> np.ndarray:
    """(T, N) side decided at each bar: 1, 0 or -1."""
    side, decided = np.zeros(given_.up.shape[1]), []
    for up, down, sold, covered in zip(*given_, strict=True):
        out = ((side > 0.0) & sold) | ((side < 0.0) & covered)
        side = np.select([up, down, out], [np.ones_like(side), np.full_like(side, short), np.zeros_like(side)], side)
        decided.append(side)
    return np.array(decided)


def account(decided: np.ndarray, close: np.ndarray, fill: np.ndarray, terms: Terms) -> vbt.Portfolio:
    # It fills on the signal's own bar.
    side = pd.DataFrame(np.vstack([np.zeros((1, decided.shape[1])), decided[:-1]]))
    before = side.shift(1, fill_value=0.0)
    return vbt.Portfolio.from_signals(
        pd.DataFrame(np.repeat(close[:, None], decided.shape[1], axis=1)),
        entries=(side > 0.0) & (before <= 0.0), exits=(side == 0.0) & (before > 0.0),
        short_entries=(side < 0.0) & (before >= 0.0), short_exits=(side == 0.0) & (before < 0.0),
        price=fill[:, None], fees=terms.fee, slippage=terms.half_spread + terms.slippage, init_cash=terms.initial_usd,
        size=np.inf, upon_opposite_entry="reverse", freq="1D",
    )  # fmt: skip


def agree(ours: np.ndarray, theirs: vbt.Portfolio) -> None:
    np.testing.assert_allclose(ours[:, 0], theirs.final_value(), rtol=1e-9)
    np.testing.assert_allclose(ours[:, 2], theirs.max_drawdown(), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(ours[:, 4], theirs.orders.count())


TERMS = st.builds(
    Terms, st.just(1e4), st.sampled_from([0.0, 0.001, 0.01]), st.sampled_from([0.0, 0.0005]),
    st.sampled_from([0.0, 0.001]), st.just(0.0), st.sampled_from([-1.0, 0.0]),
)  # fmt: skip


@pytest.mark.parametrize("rule", ["ma_cross", "donchian", "rsi_bands", "z_reversion"])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9_999), terms=TERMS)
def test_rules_on_random_features(rule: str, seed: int, terms: Terms) -> None:
    features, lanes, market, _ = case(seed, BARS, 6, terms)
    if rule == "donchian":
        features = market.close[:, None] * (1.0 + 0.02 * np.sign(features))
    market = Market(market.close, market.fill, np.ones(BARS))
    ours = cpu.sweep(rule, features, lanes, market, terms)
    # It knows no ruin, and covers in part where cash does not suffice.
    assume((ours[:, 2] > -0.8).all())
    decided = sides(signals(rule, features, market.close, lanes), terms.short_side)
    agree(ours, account(decided, market.close, market.fill, terms))


FORMULAS = [
    "cs_z(close / delay(close, $n)) * $x",
    "(close - tmean(close, $n)) / tstd(close, $n) + $x",
    "if_else(open > delay(close, $n), trank(close, 5) - 0.5, $x)",
]
SETS = np.array(list(product([2.0, 5.0], [-0.5, 1.0], [0.3, 1.0], [-0.3, 0.0, 0.5]))).T


@pytest.mark.parametrize("formula", FORMULAS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9_999), terms=TERMS)
def test_rule_alpha(formula: str, seed: int, terms: Terms) -> None:
    markets = [case(seed + number, BARS, 1).market for number in range(4)]
    fields = {"close": np.array([one.close for one in markets]).T, "open": np.array([one.fill for one in markets]).T}
    fields["open"][np.random.default_rng(seed).random((BARS, 4)) < 0.1] = np.nan
    features, lanes = alpha_features(Assigned(parse(formula), fields, 4), ("n", "x"), SETS)
    market = Market(markets[1].close, markets[1].fill, np.ones(BARS))
    ours = cpu.sweep(DECIDES, features[1], lanes, market, terms)
    assume((ours[:, 2] > -0.8).all())
    assert (ours[:, 4] > 0.0).any(), "no account traded: this shows nothing"
    values = [evaluate(bind(parse(formula), {"n": n, "x": x}), fields)[:, 1] for n, x in SETS[:2].T]
    value, (enter, leave) = np.array(values).T, SETS[2:]
    wanted = Signals(value > enter, value < -enter, value <= leave, value >= -leave)
    agree(ours, account(sides(wanted, terms.short_side), market.close, market.fill, terms))
