"""The numbers of a panel backtest: settings as the engine's terms per bar, and what impact is priced by."""

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from kernels.ordered import F64, lag, rolling_mean, rolling_std
from kernels.panel_inputs import Market, Terms
from modules.contract import ModuleSettings
from modules.panel import Grid, own_bars


class PanelSettings(ModuleSettings):
    initial_cash_usd: float = Field(ge=1_000.0, le=1e12, description="cash before the first bar")
    fill_on: Literal["open", "close"] = Field(description="price of the next bar at which orders fill")
    cost_bps: float = Field(ge=0.0, le=1_000.0, description="cost of a fill in hundredths of a per cent of its value")
    half_spread_bps: float = Field(ge=0.0, le=1_000.0, description="half the quoted spread, paid on every fill's value")
    impact_coefficient: float = Field(ge=0.0, le=10.0, description="impact in volatilities for a whole bar's volume")
    impact_bars: int = Field(ge=2, le=252, description="bars over which volume and volatility are averaged for impact")
    borrow_rate: float = Field(ge=0.0, le=2.0, description="yearly rate on the value held short")
    credit_rate: float = Field(ge=0.0, le=1.0, description="yearly rate earned on cash")
    debit_rate: float = Field(ge=0.0, le=1.0, description="yearly rate paid on negative cash")
    bars_per_year: float = Field(ge=1.0, le=600_000.0, description="252 for daily sessions, 35040 for 15-minute bars")
    weight_cap: float = Field(gt=0.0, le=1e6, description="largest absolute weight the account takes in one symbol")
    gross_cap: float = Field(gt=0.0, le=1e6, description="largest gross value over equity an order may lead to")
    lot: float = Field(ge=0.0, le=1e6, description="quantities are whole multiples of it; 0.0 for any quantity")
    missing_bar: Literal["lapse", "wait"] = Field(description="what becomes of an order whose bar is missing")
    delisting: Literal["keep", "liquidate"] = Field(description="what becomes of a holding after its last close")


def terms_of(settings: PanelSettings, cost_bps: float) -> Terms:
    """The engine's terms; yearly rates are simple, divided by the bars of a year."""
    year = settings.bars_per_year
    return Terms(
        settings.initial_cash_usd, cost_bps, settings.half_spread_bps, settings.impact_coefficient,
        settings.borrow_rate / year, settings.credit_rate / year, settings.debit_rate / year,
        settings.weight_cap, settings.gross_cap, settings.missing_bar, settings.delisting,
    )  # fmt: skip


def liquidity(bars: pd.DataFrame, window_bars: int) -> pd.DataFrame:
    """`volume` and `vol` of each bar row, from `window_bars` bars of its symbol before it; NaN until there are as many.

    vol is the standard deviation of close-to-close returns, per bar.
    """
    own = own_bars(bars)
    close = own.spread(bars["close"])
    returns = close / lag(close, 1) - 1.0
    volume = lag(rolling_mean(own.spread(bars["volume"]), window_bars), 1)
    vol = lag(rolling_std(np.where(np.isfinite(returns), returns, np.nan), window_bars), 1)
    return pd.DataFrame({"volume": own.gather(volume), "vol": own.gather(vol)}, index=bars.index)


def after_last_close(close: F64) -> tuple[F64, F64]:
    """(T, S) 1.0 from the bar after each symbol's last close on, and 1.0 at that bar alone; else 0.0."""
    seen = np.maximum.accumulate(~np.isnan(close)[::-1], axis=0)[::-1]
    gone = np.where(seen, 0.0, 1.0)
    first = gone.copy()
    first[1:] = gone[1:] - gone[:-1]
    return gone, first


def market_of(place: Grid, weights: pd.DataFrame, bars: pd.DataFrame, settings: PanelSettings) -> Market:
    """The engine's matrices; volume and volatility only where impact asks for them."""
    market = Market(place.spread(weights["weight"]), place.spread(bars["close"]), place.spread(bars[settings.fill_on]))
    lot = np.full(len(place.symbols), settings.lot)
    if settings.impact_coefficient == 0.0:
        return market._replace(lot=lot)
    known = liquidity(bars, settings.impact_bars)
    return market._replace(lot=lot, volume=place.spread(known["volume"]), vol=place.spread(known["vol"]))


def prices_paid(market: Market, mark: F64, settings: PanelSettings) -> F64:
    """(T, S) the price of a fill: the bar's, or the last close where a delisted holding is closed."""
    closes_out = after_last_close(market.close)[1] > 0.0
    return np.where(closes_out, mark, market.fill) if settings.delisting == "liquidate" else market.fill
