"""Targets, orders, paper fills and the book give the vector engine's account when lots are next to nothing."""

import numpy as np
import pandas as pd
import pytest

from kernels.panel_inputs import Market, Terms
from kernels.reference.panel import run_panel
from modules.instruments import FOREVER_NS
from modules.panel import grid
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.skills.cost import bps_cost
from modules.values import Table, make_table

BARS, SYMBOLS, INITIAL_CASH_USD, COST_BPS, LOT_SIZE = 250, 6, 1e6, 7.5, 1e-8


def _panel(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bars with late listings and holes, and weights every fifth bar; no hole follows a decision, so nothing lapses."""
    t, s = (place.ravel() for place in np.meshgrid(np.arange(BARS), np.arange(SYMBOLS), indexing="ij"))
    close = 50.0 * np.cumprod(1.0 + rng.uniform(-0.03, 0.03, (BARS, SYMBOLS)), axis=0)
    here = (t >= 10 * s) & ~((rng.random(t.size) < 0.2) & (t % 5 != 1))
    price = np.round(close[t, s][here], 6)
    rows = pd.DataFrame({"ts_event": t[here] + 1, "ts_avail": t[here] + 1, "symbol": [f"S{n}" for n in s[here]]})
    prices = {"high": price * 1.02, "low": price * 0.98, "close": price, "adj_close": price, "volume": 1.0}
    opens = np.round(price * (1.0 + rng.uniform(-0.01, 0.01, len(price))), 6)
    bars = rows.assign(open=opens, **prices, age_bars=0, source="t", row=np.arange(1, len(rows) + 1))
    weight = np.where(rows["ts_event"] % 5 == 1, rng.uniform(-0.3, 0.3, len(rows)), np.nan)
    order = rows.sort_values(["symbol", "ts_event"]).index
    return bars.loc[order].reset_index(drop=True), rows.assign(weight=weight).loc[order].reset_index(drop=True)


def _instruments() -> pd.DataFrame:
    symbols = [f"S{n}" for n in range(SYMBOLS)]
    rows = pd.DataFrame({"symbol": symbols, "mic": "XNYS", "currency": "USD", "calendar": "XNYS", "lot_size": LOT_SIZE})
    return rows.assign(tick_size=1e-6, valid_from_ns=0, valid_to_ns=FOREVER_NS)


def _step(name: str, tables: dict[str, Table], settings: dict[str, object]) -> None:
    outcome = run(bind(load(name), settings), tables)
    assert outcome.failure is None, outcome.trace.error
    assert outcome.trace.failed_checks == []
    tables.update({table: value for table, value in outcome.outputs.items() if isinstance(value, Table)})


@pytest.mark.parametrize("fill_on", ["open", "close"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_book_is_the_engines_account(fill_on: str, seed: int) -> None:
    bars, weights = _panel(np.random.default_rng(seed))
    place = grid(bars)
    close, price = place.spread(bars["close"]), place.spread(bars[fill_on])
    terms = Terms(INITIAL_CASH_USD, bps_cost(COST_BPS).value_bps)
    engine = run_panel(Market(place.spread(weights["weight"]), close, price), terms)
    equity = pd.DataFrame(
        {
            "ts_event": place.ts_event, "equity_usd": engine.equity_usd, "cash_usd": engine.cash_usd,
            "cost_usd": engine.cost_usd, "turnover_usd": engine.turnover_usd,
        }
    )  # fmt: skip
    given = {"weights": weights, "bars": bars, "equity": equity, "instruments": _instruments()}
    tables = {name: make_table(frame, load("lot_round").takes[name], "t") for name, frame in given.items()}
    _step("lot_round", tables, {})
    _step("targets_to_orders", tables, {})
    limits = {"max_order_qty_lots": 10**15, "max_notional_usd": 1e9, "max_orders_per_bar": SYMBOLS}
    _step("pre_trade_checks", tables, limits)
    _step("paper_fill", tables, {"fill_on": fill_on, "cost_bps": COST_BPS})
    _step("reconcile_fills", tables, {})
    _step("position_book", tables, {"initial_cash_usd": INITIAL_CASH_USD})
    assert tables["fills"].rows > 200
    assert tables["refused"].rows == 0
    assert tables["breaks"].frame.empty
    for column in ("equity_usd", "cash_usd", "cost_usd", "turnover_usd"):
        found, expected = tables["book"].frame[column].to_numpy(), equity[column].to_numpy()
        assert (np.abs(found - expected) <= 1e-9 * engine.equity_usd).all(), column
    lots = place.spread(tables["positions"].frame["position_lots"])
    known = ~np.isnan(lots)
    assert np.abs(lots * LOT_SIZE - engine.quantity)[known].max() <= 2.0 * LOT_SIZE
