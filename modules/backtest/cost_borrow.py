"""What holding short pays to the lender, as the engine pays it: each bar a share of the value short at the bar before.

Bars are the account's: where a symbol has none its last value goes on being lent, up to the symbol's last row.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.panel import KEYS, grid
from modules.tables import COSTS, HOLDINGS


class Settings(ModuleSettings):
    borrow_rate: float = Field(ge=0.0, le=2.0, description="yearly rate on the value held short")
    bars_per_year: float = Field(ge=1.0, le=600_000.0, description="252 for daily sessions, 35040 for 15-minute bars")


def example(rng: np.random.Generator) -> pd.DataFrame:
    bars = bars_example(rng, 60)
    quantity = np.floor(rng.uniform(-100.0, 100.0, len(bars)))
    return bars[KEYS].assign(quantity=quantity, price=bars["close"], value_usd=quantity * bars["close"])


@module(takes=HOLDINGS, gives=COSTS, settings=Settings, example=example)
def cost_borrow(holdings: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    place = grid(holdings)
    value = pd.DataFrame(place.spread(holdings["value_usd"]))
    # Filled forward, and cut off after the symbol's last row.
    lent = value.ffill().where(value.bfill().notna()).to_numpy(dtype=np.float64)
    per_bar = settings.borrow_rate / settings.bars_per_year
    bar, column = np.nonzero(lent[:-1] < 0.0)
    symbol = pd.Series(place.symbols, dtype="str").take(column).reset_index(drop=True)
    paid = -lent[bar, column] * per_bar
    return pd.DataFrame({"ts_event": place.ts_event[bar + 1], "symbol": symbol, "cost_usd": paid})


@cost_borrow.accept
def only_shorts_pay(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """No cost is negative or missing, and none is paid for a symbol that was never short before."""
    shorts = before[before["quantity"] < 0.0].groupby("symbol")["ts_event"].min()
    since = shorts.reindex(after["symbol"]).to_numpy()
    wrong = ~(after["cost_usd"].to_numpy() >= 0.0) | ~(after["ts_event"].to_numpy() > since)
    return no_row(after, wrong, "payments")


@cost_borrow.accept
def each_payment_is_the_rate_of_the_value_lent(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> Check:
    """Each payment times the bars of a year is the yearly rate of the symbol's last value before it."""
    lent = before[["ts_event", "symbol", "value_usd"]].sort_values("ts_event", kind="stable")
    asked = after.reset_index(drop=True).sort_values("ts_event", kind="stable")
    both = pd.merge_asof(asked, lent, on="ts_event", by="symbol", allow_exact_matches=False)
    expected = -both["value_usd"].to_numpy() * settings.borrow_rate
    gap = np.abs(both["cost_usd"].to_numpy() * settings.bars_per_year - expected)
    return no_row(both, ~(gap <= 1e-9 * (1.0 + np.abs(expected))), "payments")


@cost_borrow.accept
def every_short_row_but_the_last_bar_s_pays(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """There are at least as many payments as rows that are short before the account's last bar."""
    short = before[(before["value_usd"] < 0.0) & (before["ts_event"] < before["ts_event"].max())]
    missing = len(short) - len(after)
    return Check(missing <= 0, float(max(missing, 0)), "0 payments missing")
