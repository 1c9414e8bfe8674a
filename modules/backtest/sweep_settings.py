"""What a sweep is told: the settings of `vector_sweep`, which a batch takes too."""

from typing import Literal

from pydantic import Field

from kernels.alpha.language import MAX_CHARS
from kernels.sweep_inputs import Terms
from modules.contract import ModuleSettings
from modules.formula_fields import Sectors, Vwap


class SweepSettings(ModuleSettings):
    rule: Literal["ma_cross", "donchian", "rsi_bands", "z_reversion", "alpha"] = Field(
        description="how a side is decided; alpha: long above enter until exit, the other side below -enter until -exit"
    )
    formula: str = Field(max_length=MAX_CHARS, description="of rule alpha, with up to four $parameters; else empty")
    vwap: Vwap
    sectors: Sectors
    grid: str = Field(max_length=500, description="each parameter's values: fast_bars 5..50 by 5, slow_bars 60 120")
    max_sets: int = Field(ge=1, le=1_000_000, description="more parameter sets than this are refused")
    initial_cash_usd: float = Field(ge=1_000.0, le=1e12, description="cash of each account before the first bar")
    fill_on: Literal["open", "close"] = Field(description="price of the next bar at which orders fill")
    below: Literal["short", "flat"] = Field(description="the side of a sell signal")
    sizing: Literal["all", "volatility"] = Field(description="stake all cash, or target over recent volatility")
    target_vol_per_bar: float = Field(ge=1e-5, le=1.0, description="deviation of a bar's return that a stake aims at")
    vol_weight: float = Field(ge=0.001, le=1.0, description="weight of the newest squared return in the volatility")
    max_stake: float = Field(ge=0.01, le=4.0, description="largest stake, as a share of the account's cash")
    fee_bps: float = Field(ge=0.0, le=1_000.0, description="fee in hundredths of a per cent of the traded value")
    half_spread_bps: float = Field(ge=0.0, le=1_000.0, description="half of bid to ask, of the price")
    slippage_bps: float = Field(ge=0.0, le=1_000.0, description="further loss against the price")
    borrow_bps_per_bar: float = Field(ge=0.0, le=100.0, description="paid each bar on the value sold short")
    curve_sets: int = Field(ge=0, le=100, description="curves of so many sets a symbol, the best Sharpe ratios first")


def terms_of(settings: SweepSettings) -> Terms:
    """The terms of all accounts, in shares instead of hundredths of a per cent."""
    return Terms(
        initial_usd=settings.initial_cash_usd,
        fee=settings.fee_bps / 1e4,
        half_spread=settings.half_spread_bps / 1e4,
        slippage=settings.slippage_bps / 1e4,
        borrow_per_bar=settings.borrow_bps_per_bar / 1e4,
        short_side=-1.0 if settings.below == "short" else 0.0,
    )
