"""The panel engine in both versions: numbers written out by hand, refusals, vectorbt, and the same bytes of the two."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.cpu import panel as cpu
from kernels.panel_inputs import Market, PanelRun, Terms, UnusableBarError
from kernels.reference import panel as reference

ORACLE = Path(__file__).parents[1] / "modules" / "backtest" / "vectorbt_oracle.py"
NAN = float("nan")
CASH_USD = 100_000.0


def oracle():
    spec = importlib.util.spec_from_file_location("vectorbt_oracle", ORACLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=[reference, cpu], ids=["reference", "cpu"], autouse=True)
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs both versions through the `run_panel` of this file."""
    monkeypatch.setitem(globals(), "ENGINE", request.param)


ENGINE = reference


def run_panel(weights: np.ndarray, close: np.ndarray, fill: np.ndarray, cash_usd: float, cost_bps: float) -> PanelRun:
    return ENGINE.run_panel(Market(weights, close, fill), Terms(cash_usd, cost_bps))


def table(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def test_three_bars_of_two_symbols_by_hand() -> None:
    weights = table([0.5, -0.25], [0.0, NAN], [1.0, 1.0])
    close = table([10.0, 20.0], [12.0, 16.0], [11.0, 18.0])
    opens = table([9.0, 9.0], [10.0, 20.0], [13.0, 17.0])
    run = run_panel(weights, close, opens, 1_000.0, 10.0)
    # Bar 0 orders 0.5 x 1000 / 10 = 50 and -0.25 x 1000 / 20 = -12.5, filled at the opens 10 and 20 of bar 1:
    # value 500 and -250, costs 0.50 and 0.25, cash 1000 - 500 - 0.50 + 250 - 0.25 = 749.25.
    # Marked at 12 and 16: 749.25 + 600 - 200 = 1149.25. The first symbol is then sold at 13: + 650 - 0.65 = 1398.60,
    # the second held: 1398.60 - 12.5 x 18 = 1173.60. The orders of the last bar are never filled.
    assert run.filled.tolist() == [[0.0, 0.0], [50.0, -12.5], [-50.0, 0.0]]
    assert run.quantity.tolist() == [[0.0, 0.0], [50.0, -12.5], [0.0, -12.5]]
    assert run.turnover_usd.tolist() == [0.0, 750.0, 650.0]
    assert run.cost_usd == pytest.approx([0.0, 0.75, 0.65], rel=1e-15)
    assert run.cash_usd == pytest.approx([1_000.0, 749.25, 1_398.60], rel=1e-15)
    assert run.equity_usd == pytest.approx([1_000.0, 1_149.25, 1_173.60], rel=1e-15)


def test_an_order_on_a_missing_bar_lapses_and_the_last_close_stays_the_mark() -> None:
    weights = table([0.5], [NAN], [0.5], [NAN], [NAN])
    close = table([10.0], [NAN], [10.0], [12.0], [NAN])
    run = run_panel(weights, close, close, 1_000.0, 10.0)
    assert run.filled[:, 0].tolist() == [0.0, 0.0, 0.0, 50.0, 0.0]
    assert run.mark[:, 0].tolist() == [10.0, 10.0, 10.0, 12.0, 12.0]
    assert run.equity_usd.tolist() == [1_000.0, 1_000.0, 1_000.0, 999.4, 999.4]


def test_a_weight_without_a_close_decides_nothing() -> None:
    fill = table([8.0], [8.0], [8.0])
    run = run_panel(table([0.5], [0.5], [0.5]), table([NAN], [NAN], [8.0]), fill, 1_000.0, 10.0)
    assert not run.filled.any()


@pytest.mark.parametrize("price", [0.0, -1.0, float("inf")])
@pytest.mark.parametrize("where", ["sizing", "fill", "mark"])
def test_refuses_a_price_that_is_none_where_it_is_needed(price: float, where: str) -> None:
    close, fill = table([10.0], [10.0], [10.0]), table([10.0], [10.0], [10.0])
    bar = {"sizing": 0, "fill": 1, "mark": 2}[where]
    (fill if where == "fill" else close)[bar, 0] = price
    with pytest.raises(UnusableBarError) as refusal:
        run_panel(table([0.5], [NAN], [NAN]), close, fill, 1_000.0, 10.0)
    assert (refusal.value.reason, refusal.value.bar, refusal.value.column) == ("price", bar, 0)
    assert refusal.value.value == price


def test_a_bad_price_that_nothing_needs_is_no_reason_to_stop() -> None:
    close = table([10.0, 0.0], [10.0, -1.0], [10.0, 5.0])
    run = run_panel(table([0.5, NAN], [NAN, NAN], [NAN, NAN]), close, close, 1_000.0, 10.0)
    assert run.equity_usd[-1] == 999.5


def test_refuses_an_infinite_weight_and_a_ruined_account() -> None:
    close = table([10.0], [10.0], [40.0], [40.0])
    with pytest.raises(UnusableBarError, match="weight"):
        run_panel(table([NAN], [float("inf")], [NAN], [NAN]), close, close, 1_000.0, 10.0)
    with pytest.raises(UnusableBarError) as refusal:
        run_panel(table([-1.0], [NAN], [NAN], [NAN]), close, close, 1_000.0, 10.0)
    assert (refusal.value.reason, refusal.value.bar) == ("ruin", 2)


def test_cash_goes_negative_without_interest() -> None:
    close = table([10.0], [10.0], [11.0])
    run = run_panel(table([3.0], [NAN], [NAN]), close, close, 1_000.0, 0.0)
    assert run.cash_usd.tolist() == [1_000.0, -2_000.0, -2_000.0]
    assert run.equity_usd.tolist() == [1_000.0, 1_000.0, 1_300.0]


def random_panel(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights with holes and both signs (gross <= 0.6), closes with gaps and late listings, fills near the closes."""
    rng = np.random.default_rng(seed)
    bars, symbols = int(rng.integers(2, 120)), int(rng.integers(1, 8))
    close = 50.0 * np.cumprod(1.0 + rng.uniform(-0.03, 0.03, (bars, symbols)), axis=0)
    opens = close * (1.0 + rng.uniform(-0.01, 0.01, (bars, symbols)))
    gap = rng.random((bars, symbols)) < rng.choice([0.0, 0.1, 0.4])
    gap |= np.arange(bars)[:, None] < rng.integers(0, max(1, bars // 2), symbols) * (rng.random(symbols) < 0.4)
    close[gap], opens[gap] = np.nan, np.nan
    weights = rng.uniform(-0.6, 0.6, (bars, symbols)) / symbols
    weights[rng.random((bars, symbols)) < 0.3] = np.nan
    return weights, close, opens


@pytest.mark.parametrize("fill_on", ["open", "close"])
@pytest.mark.parametrize("cost_bps", [0.0, 10.0, 150.0])
def test_agrees_with_vectorbt_on_random_panels(fill_on: str, cost_bps: float) -> None:
    vectorbt_equity = oracle().vectorbt_equity
    for seed in range(20):
        weights, close, opens = random_panel(seed)
        fill = opens if fill_on == "open" else close
        run = run_panel(weights, close, fill, CASH_USD, cost_bps)
        equity, held = vectorbt_equity(weights, close, fill, CASH_USD, cost_bps)
        assert run.equity_usd == pytest.approx(equity, rel=1e-9), seed
        assert run.quantity == pytest.approx(held, rel=1e-9, abs=1e-9), seed


def run_market(market: Market, terms: Terms) -> PanelRun:
    return ENGINE.run_panel(market, terms)


def test_costs_by_kind_by_hand() -> None:
    close = table([10.0], [10.0], [10.0])
    market = Market(table([-0.5], [NAN], [NAN]), close, close, np.full((3, 1), 200.0), np.full((3, 1), 0.02))
    rates = {"borrow_per_bar": 0.001, "credit_per_bar": 0.01, "debit_per_bar": 0.02}
    run = run_market(market, Terms(1_000.0, 10.0, half_spread_bps=20.0, impact_coefficient=0.5, **rates))
    # Bar 1: cash 1000 earned 1 % before the fill. 50 are sold short at 10: value 500, commission 0.5, half spread 1.0,
    # impact 500 x 0.5 x 0.02 x sqrt(50 / 200) = 2.5. Cash 1010 + 500 - 4.0 = 1506.
    # Bar 2: 500 short pay 0.5, 1506 earn 15.06.
    assert run.costs_usd[1] == pytest.approx([0.5, 1.0, 2.5, 0.0, -10.0], rel=1e-14)
    assert run.costs_usd[2] == pytest.approx([0.0, 0.0, 0.0, 0.5, -15.06], rel=1e-14)
    assert run.cash_usd == pytest.approx([1_000.0, 1_506.0, 1_520.56], rel=1e-14)
    assert run.cost_usd == pytest.approx(run.costs_usd.sum(axis=1), rel=1e-14)
    assert run.equity_usd == pytest.approx([1_000.0, 1_006.0, 1_020.56], rel=1e-14)


def test_negative_cash_pays_the_debit_rate() -> None:
    close = table([10.0], [10.0], [10.0])
    run = run_market(Market(table([2.0], [NAN], [NAN]), close, close), Terms(1_000.0, debit_per_bar=0.01))
    assert run.cash_usd.tolist() == [1_000.0, -1_000.0, -1_010.0]


def test_a_delisted_holding_is_kept_or_closed_at_its_last_close_with_costs() -> None:
    close = table([10.0, 1.0], [10.0, 1.0], [8.0, 1.0], [NAN, 1.0], [NAN, 1.0])
    market = Market(table([0.5, NAN], *[[NAN, NAN]] * 4), close, close)
    kept = run_market(market, Terms(1_000.0))
    assert kept.quantity[:, 0].tolist() == [0.0, 50.0, 50.0, 50.0, 50.0]
    closed = run_market(market, Terms(1_000.0, cost_bps=100.0, delisting="liquidate"))
    assert closed.filled[:, 0].tolist() == [0.0, 50.0, 0.0, -50.0, 0.0]
    assert closed.cash_usd == pytest.approx([1_000.0, 495.0, 495.0, 891.0, 891.0], rel=1e-15)
    assert closed.equity_usd == pytest.approx([1_000.0, 995.0, 895.0, 891.0, 891.0], rel=1e-15)


def test_an_order_waits_for_its_bar_until_it_is_decided_anew() -> None:
    close = table([10.0], [NAN], [12.0], [NAN], [10.0])
    waited = run_market(
        Market(table([0.6], [NAN], [NAN], [NAN], [NAN]), close, close), Terms(1_000.0, missing_bar="wait")
    )
    assert waited.filled[:, 0].tolist() == [0.0, 0.0, 60.0, 0.0, 0.0]
    opens = table([10.0], [NAN], [NAN], [10.0], [10.0])
    anew = run_market(
        Market(table([0.6], [NAN], [0.0], [NAN], [NAN]), close, opens), Terms(1_000.0, missing_bar="wait")
    )
    assert not anew.filled.any()


def test_caps_and_lots_by_hand() -> None:
    close = table([10.0, 10.0], [10.0, 10.0], [10.0, 10.0])
    market = Market(table([0.9, -0.3], [0.5, NAN], [NAN, NAN]), close, close)
    run = run_market(market, Terms(1_000.0, max_weight=0.5, max_gross=0.4))
    # Weights 0.5 and -0.3 of gross 0.8 are halved; then 0.15 of the gross of 0.4 is kept and 0.25 is left for 0.5.
    assert run.quantity == pytest.approx(table([0.0, 0.0], [25.0, -15.0], [25.0, -15.0]), rel=1e-15)
    lots = run_market(market._replace(lot=np.array([4.0, 0.7])), Terms(1_000.0))
    assert lots.quantity == pytest.approx(table([0.0, 0.0], [88.0, -29.4], [48.0, -29.4]), rel=1e-15)
    again = Market(np.tile(market.weights[:1], (3, 1)), close, close, lot=np.array([4.0, 0.7]))
    assert np.count_nonzero(run_market(again, Terms(1_000.0)).filled) == 2


def test_refuses_terms_shapes_and_liquidity_that_are_none() -> None:
    close = table([10.0], [10.0])
    market = Market(table([0.5], [NAN]), close, close)
    for terms in (Terms(NAN), Terms(1.0, cost_bps=-1.0), Terms(1.0, max_gross=NAN), Terms(1.0, impact_coefficient=1.0)):
        with pytest.raises(ValueError):
            run_market(market, terms)
    for other in (market._replace(fill=close[:1]), market._replace(lot=np.array([-1.0]))):
        with pytest.raises(ValueError):
            run_market(other, Terms(1.0))
    for volume, vol in ((0.0, 0.1), (NAN, 0.1), (1.0, NAN)):
        liquid = market._replace(volume=np.full((2, 1), volume), vol=np.full((2, 1), vol))
        with pytest.raises(UnusableBarError) as refusal:
            run_market(liquid, Terms(1.0, impact_coefficient=1.0))
        assert (refusal.value.reason, refusal.value.bar, refusal.value.column) == ("liquidity", 1, 0)


@pytest.mark.parametrize("bars", [0, 1])
def test_no_bar_and_one_bar_trade_nothing(bars: int) -> None:
    close = np.full((bars, 2), 10.0)
    assert run_panel(close / 20.0, close, close, 1_000.0, 0.0).equity_usd.tolist() == [1_000.0] * bars


def test_columns_without_a_price_stay_empty() -> None:
    close = table([10.0, NAN], [11.0, NAN], [12.0, NAN])
    run = run_market(Market(np.full((3, 2), 0.5), close, close), Terms(1_000.0, delisting="liquidate"))
    assert not run.filled[:, 1].any() and np.isnan(run.mark[:, 1]).all()


TERMS = st.builds(
    Terms,
    initial_cash_usd=st.just(CASH_USD),
    cost_bps=st.sampled_from([0.0, 7.5]),
    half_spread_bps=st.sampled_from([0.0, 3.3]),
    impact_coefficient=st.sampled_from([0.0, 0.3]),
    borrow_per_bar=st.sampled_from([0.0, 1e-4]),
    credit_per_bar=st.sampled_from([0.0, 1e-4]),
    debit_per_bar=st.sampled_from([0.0, 2e-4]),
    max_weight=st.sampled_from([float("inf"), 0.2]),
    max_gross=st.sampled_from([float("inf"), 0.9]),
    missing_bar=st.sampled_from(["lapse", "wait"]),
    delisting=st.sampled_from(["keep", "liquidate"]),
)


def rough_market(seed: int, gross: float, bad: float) -> Market:
    """A random panel with holes in closes and fills apart, delistings, and a share `bad` of unusable numbers."""
    rng = np.random.default_rng(seed)
    weights, close, opens = random_panel(seed)
    close[np.arange(len(close))[:, None] >= rng.integers(1, 2 * len(close), close.shape[1])] = np.nan
    opens[rng.random(opens.shape) < 0.1] = np.nan
    for matrix in (weights, close, opens):
        where = rng.random(matrix.shape) < bad
        matrix[where] = rng.choice([0.0, -1.0, np.inf, -np.inf], where.sum())
    lot = rng.choice([0.0, 0.7, 10.0], close.shape[1]) if rng.random() < 0.5 else None
    volume, vol = rng.uniform(1e3, 1e5, close.shape), rng.uniform(0.0, 0.05, close.shape)
    volume[rng.random(close.shape) < bad] = np.nan
    return Market(weights * gross, close, opens, volume, vol, lot)


def outcome(engine, market: Market, terms: Terms) -> tuple[object, ...]:
    """The bytes of a run, or what a refusal says."""
    try:
        run = engine.run_panel(market, terms)
    except UnusableBarError as refusal:
        return refusal.reason, refusal.bar, refusal.column, str(float(refusal.value))
    return tuple(getattr(run, name).tobytes() for name in PanelRun.__dataclass_fields__)


@pytest.mark.parametrize("version", [cpu], indirect=True, ids=["both"])
@pytest.mark.parametrize("bad", [0.0, 0.002])
def test_the_compiled_engine_gives_the_bytes_and_the_refusals_of_the_plain_one(bad: float) -> None:
    kinds: set[object] = set()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(seed=st.integers(0, 2**32), gross=st.sampled_from([0.5, 2.0, 300.0]), terms=TERMS)
    def same(seed: int, gross: float, terms: Terms) -> None:
        market = rough_market(seed, gross, bad)
        plain = outcome(reference, market, terms)
        assert outcome(cpu, market, terms) == plain
        kinds.add(plain[0] if isinstance(plain[0], str) else "run")

    same()
    assert kinds >= ({"run", "ruin"} if bad == 0.0 else {"run", "ruin", "price", "weight", "liquidity"})
