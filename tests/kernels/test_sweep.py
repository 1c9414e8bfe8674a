"""The sweep: lanes have the bytes of the plain loops, and those agree with arithmetic."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from same_bytes import same_bytes
from sweep_cases import PAID, Case, case

from kernels.cpu import sweep as cpu
from kernels.reference import sweep as reference
from kernels.sweep_features import RULES
from kernels.sweep_inputs import FIGURES, Lanes, Market, Terms

FREE = Terms(1e6, 0.0, 0.0, 0.0, 0.0, -1.0)


TERMS = st.builds(
    Terms, st.just(1e4), st.sampled_from([0.0, 0.001, 0.02]), st.sampled_from([0.0, 0.0005]),
    st.sampled_from([0.0, 0.001]), st.sampled_from([0.0, 0.0001]), st.sampled_from([-1.0, 0.0]),
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9_999), bars=st.integers(0, 40), sets=st.integers(0, 9), terms=TERMS,
       volatility=st.sampled_from([0.02, 0.8]))  # fmt: skip
def test_lanes_have_the_bytes_of_the_plain_loops(
    rule: str, seed: int, bars: int, sets: int, terms: Terms, volatility: float
) -> None:
    given_ = case(seed, bars, sets, terms, volatility)
    assert same_bytes(cpu.sweep(rule, *given_), reference.sweep(rule, *given_))
    rows = np.arange(sets)[::-2].astype(np.int64)
    assert same_bytes(cpu.curves(rule, *given_, rows), reference.curves(rule, *given_, rows))


def test_real_windows_too() -> None:
    given_ = case(5, 400, 1)
    for rule, sets in SETS.items():
        features, lanes = RULES[rule].features(given_.market.close, sets)
        whole = cpu.sweep(rule, features, lanes, given_.market, PAID)
        assert same_bytes(whole, reference.sweep(rule, features, lanes, given_.market, PAID))
        assert (whole[:, FIGURES.index("order_count")] > 0).all(), f"{rule} never traded: this shows nothing"


SETS = {
    "ma_cross": np.array([[3.0, 5.0, 5.0], [10.0, 20.0, 40.0]]),
    "donchian": np.array([[10.0, 20.0, 55.0], [5.0, 20.0, 20.0]]),
    "rsi_bands": np.array([[2.0, 5.0, 14.0], [20.0, 40.0, 45.0], [80.0, 60.0, 55.0]]),
    "z_reversion": np.array([[10.0, 20.0, 30.0], [0.0, 0.5, 0.2], [1.0, 1.5, 1.2]]),
}


def test_chunks_threads_and_order_change_no_bit() -> None:
    given_ = case(7, 120, 700)
    whole = cpu.sweep("ma_cross", *given_)
    assert same_bytes(cpu.sweep("ma_cross", *given_, threads=3), whole)
    backwards = given_._replace(lanes=Lanes(*(column[::-1].copy() for column in given_.lanes)))
    assert same_bytes(cpu.sweep("ma_cross", *backwards), whole[::-1])


def test_another_process_gives_the_same_bytes() -> None:
    code = "import test_sweep as t; print(t.cpu.sweep('donchian', *t.case(11, 90, 40)).tobytes().hex())"
    paths = ["tests/kernels", "tests/helpers", "."]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {paths}; {code}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert printed == cpu.sweep("donchian", *case(11, 90, 40)).tobytes().hex()


VERSIONS = pytest.mark.parametrize("sweep", [reference.sweep, cpu.sweep], ids=["reference", "cpu"])


def hand(closes: list[float], wanted: list[float], terms: Terms) -> Case:
    """One set that wants 1.0 where `wanted` is above 0 and `short_side` where it is below."""
    close, features = np.array(closes), np.column_stack([wanted, np.zeros(len(wanted))])
    one = np.array([0.0])
    return Case(features, Lanes(np.array([0]), np.array([1]), one, one), Market(close, close, close * 0.0 + 1.0), terms)


@VERSIONS
def test_an_account_by_hand(sweep: object) -> None:
    # Bought at 110 on the decision at 100, turned short at 120, worth 1e6 * 120 / 110 at that fill, then +20 of 120.
    given_ = hand([100.0, 110.0, 120.0, 100.0], [1.0, -1.0, -1.0, 1.0], FREE)
    figures = dict(zip(FIGURES, sweep("ma_cross", *given_)[0], strict=True))  # type: ignore[operator]
    turned = 1e6 * 120.0 / 110.0
    returns = np.array([0.0, 120.0 / 110.0 - 1.0, 1.0 / 6.0])
    assert figures["final_usd"] == pytest.approx(turned * 7.0 / 6.0, rel=1e-12)
    assert figures["turnover_usd"] == pytest.approx(1e6 + 2.0 * turned, rel=1e-12)
    assert figures["order_count"] == 2.0
    assert figures["max_drawdown"] == 0.0
    assert figures["sharpe_per_bar"] == pytest.approx(returns.mean() / returns.std(ddof=1), rel=1e-12)


@VERSIONS
def test_costs_and_borrow_by_hand(sweep: object) -> None:
    given_ = hand([100.0, 100.0, 100.0, 100.0], [-1.0, -1.0, 0.0, 0.0], Terms(1e6, 0.01, 0.002, 0.003, 0.001, -1.0))
    units = 1e6 / (99.5 * 1.01)
    expected = 1e6 + units * 99.5 * 0.99 - units * 100.0 - 3.0 * units * 100.0 * 0.001
    final = sweep("ma_cross", *given_)[0, 0]  # type: ignore[operator]
    assert final == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("price", [200.0, 250.0])
@VERSIONS
def test_a_ruined_account_stays_at_nothing(sweep: object, price: float) -> None:
    # At 200 the account is worth exactly nothing.
    given_ = hand([100.0, 100.0, price, 100.0, 100.0], [-1.0, -1.0, 1.0, -1.0, 1.0], FREE)
    final, sharpe, drawdown, _, orders = sweep("ma_cross", *given_)[0]  # type: ignore[operator]
    assert (final, drawdown, orders) == (0.0, -1.0, 1.0)
    assert sharpe < 0.0


@VERSIONS
def test_no_bar_one_bar_and_no_set(sweep: object) -> None:
    for bars in (0, 1):
        figures = sweep("ma_cross", *hand([100.0] * bars, [1.0] * bars, FREE))  # type: ignore[operator]
        assert same_bytes(figures, [[1e6, np.nan, 0.0, 0.0, 0.0]])
    given_ = case(1, 20, 0)
    assert sweep("rsi_bands", *given_).shape == (0, 5)  # type: ignore[operator]


@VERSIONS
def test_windows_longer_than_the_data_never_trade(sweep: object) -> None:
    market = case(1, 20, 1).market
    for rule, sets in SETS.items():
        features, lanes = RULES[rule].features(market.close, np.vstack([sets[:1] + 100.0, sets[1:] + 100.0]))
        assert (sweep(rule, features, lanes, market, FREE)[:, 4] == 0.0).all(), rule  # type: ignore[operator]


def test_a_column_beyond_the_features_is_refused() -> None:
    given_ = case(1, 20, 4)
    with pytest.raises(AssertionError, match="no such column"):
        cpu.sweep("ma_cross", *given_._replace(lanes=given_.lanes._replace(first=np.array([0, 1, 2, 4]))))
