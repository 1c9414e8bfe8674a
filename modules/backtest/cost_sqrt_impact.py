"""What each fill pays for moving its market: the square-root law, as the engine pays it.

Share of the fill's value = impact_coefficient x volatility x sqrt(quantity / average volume), both per bar and from the
bars before the fill's. It is the temporary impact of Almgren, Thum, Hauptmann and Li (2005), "Direct estimation of
equity market impact" (Risk 18), with the power 1/2 for the 3/5 that they estimate: a root has one answer everywhere.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from modules.backtest.panel_terms import liquidity
from modules.contract import Check, ModuleSettings, module, no_row
from modules.errors import CwsError
from modules.examples import bars_example
from modules.tables import BARS, COSTS, TRADES

_KEYS = ["ts_event", "symbol"]


class Settings(ModuleSettings):
    impact_coefficient: float = Field(ge=0.0, le=10.0, description="impact in volatilities for a whole bar's volume")
    impact_bars: int = Field(ge=2, le=252, description="bars over which volume and volatility are averaged for impact")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng, 160)
    late = bars[bars.groupby("symbol").cumcount() > 60].sort_values(_KEYS, ignore_index=True)
    quantity = np.floor(rng.uniform(-10_000.0, 10_000.0, len(late)))
    return {"trades": late[_KEYS].assign(quantity=quantity, price=late["close"]), "bars": bars}


def _known(trades: pd.DataFrame, bars: pd.DataFrame, impact_bars: int) -> pd.DataFrame:
    """Volume and volatility of each fill's bar; raises CWS-BACKTEST-007 where a fill has none."""
    rows = bars[_KEYS].join(liquidity(bars, impact_bars))
    found = trades.merge(rows, on=_KEYS, how="left", validate="many_to_one")
    unknown = ~((found["volume"] > 0.0) & (found["vol"] >= 0.0))
    if unknown.any():
        first = found[unknown].iloc[0]
        raise CwsError(
            "CWS-BACKTEST-007",
            what=f"volume {first['volume']} and volatility {first['vol']} over {impact_bars} bars price no impact",
            where=f"the fill of {first['symbol']} at ts_event {first['ts_event']}",
            fix="decide later, shorten impact_bars, or leave this cost out",
        )
    return found


@module(takes=(TRADES, BARS), gives=COSTS, settings=Settings, example=example)
def cost_sqrt_impact(trades: pd.DataFrame, bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    known = _known(trades, bars, settings.impact_bars)
    size = np.sqrt(known["quantity"].abs().to_numpy() / known["volume"].to_numpy())
    share = settings.impact_coefficient * known["vol"].to_numpy() * size
    value = (trades["quantity"] * trades["price"]).abs().to_numpy()
    return trades[_KEYS].assign(cost_usd=value * share)


@cost_sqrt_impact.accept
def one_cost_per_trade(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """Each fill has its cost, in the order of the fills."""
    return after[_KEYS].equals(before.trades[_KEYS])


@cost_sqrt_impact.accept
def costs_are_paid_not_earned(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """No cost is negative or missing, and a fill of nothing costs nothing."""
    cost = after["cost_usd"].to_numpy()
    wrong = ~(cost >= 0.0) | ((before.trades["quantity"].to_numpy() == 0.0) & (cost != 0.0))
    return no_row(after, wrong, "fills")


@cost_sqrt_impact.accept
def no_more_than_the_wildest_bar_allows(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """Of a fill's value no more than by the largest return and the smallest volume that its symbol ever had."""
    by = before.bars.groupby("symbol")
    swing = (by["close"].max() / by["close"].min() - 1.0).reindex(after["symbol"]).to_numpy()
    thin = by["volume"].min().reindex(after["symbol"]).to_numpy()
    quantity = before.trades["quantity"].abs().to_numpy()
    # A sample's deviation is at most sqrt(n / (n - 1)) <= sqrt(2) of its largest distance from the mean.
    most = 1.5 * settings.impact_coefficient * swing * np.sqrt(quantity / np.maximum(thin, 1e-300))
    wrong = ~(after["cost_usd"].to_numpy() <= quantity * before.trades["price"].to_numpy() * most * (1.0 + 1e-9))
    return no_row(after, wrong, "fills")
