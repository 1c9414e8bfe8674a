"""What each fill costs by the chosen cost model, the same skill that the engine pays while it runs.

Why also a module: fills from anywhere (paper, venue) are then costed by the ruler of the backtest.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.skills.cost import FillCost, fill_cost_usd
from modules.tables import COSTS, TRADES


class Settings(ModuleSettings):
    cost_bps: float = Field(ge=0.0, le=1_000.0, description="cost of a fill in hundredths of a per cent of its value")


def example(rng: np.random.Generator) -> pd.DataFrame:
    bars = bars_example(rng, 60).sort_values(["ts_event", "symbol"], ignore_index=True)
    quantity = np.floor(rng.uniform(-100.0, 100.0, len(bars)))
    return bars[["ts_event", "symbol"]].assign(quantity=quantity, price=bars["close"])


@module(takes=TRADES, gives=COSTS, settings=Settings, example=example)
def cost_bps(trades: pd.DataFrame, settings: Settings, *, cost: Callable[[float], FillCost]) -> pd.DataFrame:
    model = cost(settings.cost_bps)
    paid = fill_cost_usd(model, trades["quantity"].to_numpy(), trades["price"].to_numpy())
    return trades[["ts_event", "symbol"]].assign(cost_usd=paid)


@cost_bps.accept
def one_cost_per_trade(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Each fill has its cost, in the order of the fills."""
    return after[["ts_event", "symbol"]].equals(before[["ts_event", "symbol"]])


@cost_bps.accept
def costs_are_paid_not_earned(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """No cost is negative, and a fill of nothing costs nothing."""
    cost = after["cost_usd"].to_numpy()
    wrong = ~(cost >= 0.0) | ((before["quantity"].to_numpy() == 0.0) & (cost != 0.0))
    return no_row(after, wrong, "fills")


@cost_bps.accept
def no_fill_costs_a_tenth_of_its_value(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """No fill costs more than a tenth of its value, the upper end of the setting: beyond it the unit is wrong."""
    value = np.abs(before["quantity"].to_numpy() * before["price"].to_numpy())
    wrong = ~(after["cost_usd"].to_numpy() <= 0.1 * value * (1.0 + 1e-12))
    return no_row(after, wrong, "fills")
