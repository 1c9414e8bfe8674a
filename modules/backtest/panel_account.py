"""Between long tables and the matrices of the panel engine: alignment, refusals, and the books read back."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.cpu.panel import run_panel
from kernels.panel_inputs import Market, PanelRun, Terms, UnusableBarError
from modules.errors import CwsError
from modules.panel import Grid, grid

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
_ROW = ["ts_event", "symbol"]
_WHY = {
    "price": ("a trade or a mark needs a positive, finite price", "refuse the bar in clean, or repair its source"),
    "weight": ("a weight must be finite, or missing to hold", "cap the weights in size"),
    "liquidity": (
        "impact needs volume and volatility before the fill",
        "decide later, or set no impact_coefficient",
    ),
    "ruin": ("the account has no positive, finite equity left", "lower the gross weight"),
}


def open_grid(weights: pd.DataFrame, bars: pd.DataFrame) -> Grid:
    """The grid of both panels.

    Raises CWS-BACKTEST-001 unless there is exactly one weight row for each bar row, in the same order.
    """
    if not weights[_ROW].equals(bars[_ROW]) or bars.duplicated(_ROW).any():
        raise CwsError(
            "CWS-BACKTEST-001",
            what=f"{len(weights)} weights and {len(bars)} bars with different or repeated keys",
            where="weights and bars",
            fix="give one weight per bar, sorted by (symbol, ts_event); a missing value holds",
        )
    return grid(bars)


def run_account(place: Grid, weights: pd.DataFrame, market: Market, terms: Terms) -> PanelRun:
    """The engine's run over the grid.

    Raises CWS-BACKTEST-002 for what the engine cannot use, naming bar and symbol; CWS-BACKTEST-003 for a look ahead.
    """
    try:
        account = run_panel(market, terms)
    except UnusableBarError as refusal:
        why, fix = _WHY[refusal.reason]
        symbol = "the account" if refusal.column < 0 else place.symbols[refusal.column]
        where = f"{symbol} at ts_event {place.ts_event[refusal.bar]} (bar {refusal.bar})"
        raise CwsError("CWS-BACKTEST-002", what=f"{why}, got {refusal.value}", where=where, fix=fix) from None
    # An order that waits may fill at any later bar: then a weight must be known by the first.
    waits = np.full(account.filled.shape, terms.missing_bar == "wait") & ~np.isnan(market.weights)
    _refuse_look_ahead(place, weights, account.filled, waits)
    return account


def _refuse_look_ahead(place: Grid, weights: pd.DataFrame, filled: F64, waits: Mask) -> None:
    after = np.minimum(place.row_of + 1, len(place.ts_event) - 1)
    fills = (filled[after, place.column_of] != 0.0) | waits[place.row_of, place.column_of]
    late = fills & (weights["ts_avail"].to_numpy() > place.ts_event[after])
    late &= after > place.row_of
    if late.any():
        row = weights.iloc[int(np.argmax(late))]
        raise CwsError(
            "CWS-BACKTEST-003",
            what=f"the weight is known at {row['ts_avail']}, after the bar that fills it",
            where=f"weights, {row['symbol']} at ts_event {row['ts_event']}",
            fix="decide later, or stamp the availability of the features as it is",
        )


def fills_on_grid(trades: pd.DataFrame, place: Grid) -> F64:
    """(T, S) quantities of the fills; 0.0 where nothing traded. A fill off the grid has no place and is left out."""
    bar = np.searchsorted(place.ts_event, trades["ts_event"].to_numpy())
    column = pd.Index(place.symbols).get_indexer(pd.Index(trades["symbol"]))
    inside = (bar < len(place.ts_event)) & (column >= 0)
    matrix = np.zeros((len(place.ts_event), len(place.symbols)))
    matrix[bar[inside], column[inside]] = trades["quantity"].to_numpy()[inside]
    return matrix


def prior_weights(weights: pd.DataFrame, place: Grid) -> F64:
    """(T, S) weights of the bar before; NaN on the first bar."""
    moved = np.full((len(place.ts_event), len(place.symbols)), np.nan)
    moved[1:] = place.spread(weights["weight"])[:-1]
    return moved


def prior_marks(close: F64) -> F64:
    """(T, S) last known closes of the bar before; NaN on the first bar and before the first close."""
    moved = np.full(close.shape, np.nan)
    moved[1:] = pd.DataFrame(close).ffill().to_numpy(dtype=np.float64)[:-1]
    return moved


def cash_from_trades(equity: pd.DataFrame, trades: pd.DataFrame, initial_cash_usd: float) -> tuple[F64, F64]:
    """(cash, scale) after each bar from the fills alone; the scale is initial cash plus all value traded so far."""
    value = (trades["quantity"] * trades["price"]).to_numpy()
    count = np.searchsorted(trades["ts_event"].to_numpy(), equity["ts_event"].to_numpy(), side="right")
    net = np.concatenate([[0.0], np.cumsum(value)])[count]
    gross = np.concatenate([[0.0], np.cumsum(np.abs(value))])[count]
    return initial_cash_usd - net - np.cumsum(equity["cost_usd"].to_numpy()), initial_cash_usd + gross
