"""The panel engine's account as long tables, and what those tables say of the account without the engine."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.panel_inputs import COST_KINDS, PanelRun
from modules.backtest.panel_terms import PanelSettings, after_last_close
from modules.panel import KEYS, Grid

F64 = NDArray[np.float64]
Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]


def tables_of(account: PanelRun, place: Grid, bars: pd.DataFrame, price: F64) -> Tables:
    """EQUITY, HOLDINGS, TRADES and COSTS_BY_KIND; `price` (T, S) is what fills paid."""
    holdings = _holdings(account, place, bars)
    return _equity(account, place), holdings, _trades(account, place, price), _costs(account, place)


def _equity(account: PanelRun, place: Grid) -> pd.DataFrame:
    columns = ("equity_usd", "cash_usd", "cost_usd", "turnover_usd")
    return pd.DataFrame({"ts_event": place.ts_event, **{name: getattr(account, name) for name in columns}})


def _holdings(account: PanelRun, place: Grid, bars: pd.DataFrame) -> pd.DataFrame:
    quantity, price = place.gather(account.quantity), place.gather(account.mark)
    # Nothing held is worth nothing, whatever the price: a symbol may have no mark yet.
    value = np.multiply(quantity, price, out=np.zeros(len(bars)), where=quantity != 0.0)
    return bars[KEYS].assign(quantity=quantity, price=price, value_usd=value)


def _trades(account: PanelRun, place: Grid, price: F64) -> pd.DataFrame:
    bar, column = np.nonzero(account.filled)
    symbol = pd.Series(place.symbols, dtype="str").take(column).reset_index(drop=True)
    fills = {"quantity": account.filled[bar, column], "price": price[bar, column]}
    return pd.DataFrame({"ts_event": place.ts_event[bar], "symbol": symbol, **fills})


def _costs(account: PanelRun, place: Grid) -> pd.DataFrame:
    kinds = {f"{kind}_usd": account.costs_usd[:, place_of] for place_of, kind in enumerate(COST_KINDS)}
    return pd.DataFrame({"ts_event": place.ts_event, **kinds})


def values_held(holdings: pd.DataFrame, close: F64, place: Grid, settings: PanelSettings) -> F64:
    """(T, S) every holding at its last known value, nothing once it is closed after its last bar."""
    value = pd.DataFrame(place.spread(holdings["value_usd"])).ffill().fillna(0.0).to_numpy(dtype=np.float64)
    return value * (1.0 - after_last_close(close)[0]) if settings.delisting == "liquidate" else value


def unexplained(after: SimpleNamespace, value: F64, ts_event: NDArray[np.int64], initial_cash_usd: float) -> F64:
    """(T,) how far each bar's change of equity is from its profit less its costs by kind, over the value that moved.

    Profit is what holdings are worth more than at the bar before, less what was paid for the fills between.
    """
    paid = (after.trades["quantity"] * after.trades["price"]).to_numpy()
    bar = np.searchsorted(ts_event, after.trades["ts_event"].to_numpy())
    inside = bar < len(ts_event)
    held, gross = np.cumsum(value, axis=1)[:, -1:].ravel(), np.cumsum(np.abs(value), axis=1)[:, -1:].ravel()
    traded = np.bincount(bar[inside], paid[inside], len(ts_event))
    moved = np.bincount(bar[inside], np.abs(paid[inside]), len(ts_event))
    costs = np.cumsum(after.costs_by_kind.drop(columns="ts_event").to_numpy(), axis=1)[:, -1]
    equity = after.equity["equity_usd"].to_numpy()
    profit = np.diff(held, prepend=0.0) - traded
    change = np.diff(equity, prepend=initial_cash_usd)
    return np.abs(change - (profit - costs)) / (np.abs(equity) + gross + moved)
