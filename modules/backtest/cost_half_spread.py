"""What each fill pays for crossing half the quoted spread, as the engine pays it: a share of the fill's value."""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.backtest.cost_bps import example as fills_example
from modules.contract import Check, ModuleSettings, module, no_row
from modules.tables import COSTS, TRADES


class Settings(ModuleSettings):
    half_spread_bps: float = Field(ge=0.0, le=1_000.0, description="half the quoted spread, paid on every fill's value")


def example(rng: np.random.Generator) -> pd.DataFrame:
    return fills_example(rng)


@module(takes=TRADES, gives=COSTS, settings=Settings, example=example)
def cost_half_spread(trades: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    value = (trades["quantity"] * trades["price"]).abs()
    return trades[["ts_event", "symbol"]].assign(cost_usd=value * settings.half_spread_bps / 1e4)


@cost_half_spread.accept
def one_cost_per_trade(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Each fill has its cost, in the order of the fills."""
    return after[["ts_event", "symbol"]].equals(before[["ts_event", "symbol"]])


@cost_half_spread.accept
def a_round_trip_pays_the_whole_spread(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """Buying at the ask and selling at the bid, half a spread from the price, costs each fill as much."""
    quantity, price = before["quantity"].to_numpy(), before["price"].to_numpy()
    crossed = price + np.sign(quantity) * price * (settings.half_spread_bps / 1e4)
    expected = quantity * (crossed - price)
    wrong = ~(np.abs(after["cost_usd"].to_numpy() - expected) <= 1e-10 * np.abs(quantity * price))
    return no_row(after, wrong, "fills")
