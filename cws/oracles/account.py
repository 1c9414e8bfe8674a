"""Oracles of the research account: what it is charged, where it fills, what it is worth, by plain arithmetic."""

import math

import numpy as np
import pandas as pd

from cws.market.worlds import trading_terms
from cws.oracles import terms
from cws.oracles.scene import Scene

RELATIVE = 1e-9
# A world's spreads lie around the one number that the module knows.
SPREAD_APART = 0.6


def _off(found: pd.Series, due: pd.Series, relative: float = RELATIVE) -> int:
    """Values further apart than `relative` of what is due; one that is missing on one side alone is apart."""
    value, true = found.to_numpy(dtype=np.float64), due.to_numpy(dtype=np.float64)
    near = np.abs(value - true) <= relative * np.abs(true) + 1e-12
    return int((~(near | (np.isnan(value) & np.isnan(true)))).sum())


def plain_account(bars: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """The account that the terms ask for, in Python numbers: equity, cash and cost after each bar, and its fills.

    A weight at a bar asks for weight x equity / close of that bar, filled at the symbol's next bar of the panel, or
    never when it has none there.
    """
    close, price = (bars.pivot(index="ts_event", columns="symbol", values=name) for name in ("close", terms.FILL_ON))
    asked = weights.pivot(index="ts_event", columns="symbol", values="weight")
    cash, rows = terms.INITIAL_CASH_USD, []
    held, mark, orders = dict.fromkeys(close.columns, 0.0), dict.fromkeys(close.columns, 0.0), dict[str, float]()
    for stamp in close.index:
        quotes, marks, wanted = price.loc[stamp], close.loc[stamp], asked.loc[stamp]
        cost, fills = 0.0, 0
        for symbol, quantity in orders.items():
            if quantity != 0.0 and not math.isnan(quotes[symbol]):
                value = quantity * quotes[symbol]
                paid = abs(value) * terms.FEE_BPS / 1e4
                cash, cost, fills = cash - value - paid, cost + paid, fills + 1
                held[symbol] += quantity
        mark = {symbol: mark[symbol] if math.isnan(marks[symbol]) else marks[symbol] for symbol in mark}
        equity = cash + sum(held[symbol] * mark[symbol] for symbol in held)
        decided = [symbol for symbol in held if not (math.isnan(wanted[symbol]) or math.isnan(marks[symbol]))]
        orders = {symbol: wanted[symbol] * equity / marks[symbol] - held[symbol] for symbol in decided}
        rows.append((stamp, equity, cash, cost, fills))
    return pd.DataFrame(rows, columns=["ts_event", "equity_usd", "cash_usd", "cost_usd", "fills"])


def account_is_the_plain_one(scene: Scene) -> int:
    """Bars at which equity, cash, costs or the number of fills are not those of the plain account."""
    seen = scene.runs["vector_panel"]
    due, found = plain_account(seen.before["bars"], seen.before["weights"]), seen.after["equity"]
    if not found["ts_event"].equals(due["ts_event"]):
        return len(due)
    fills = seen.after["trades"]["ts_event"].value_counts().reindex(due["ts_event"], fill_value=0)
    names = ("equity_usd", "cash_usd", "cost_usd")
    return sum(_off(found[name], due[name], 1e-8) for name in names) + int((fills.to_numpy() != due["fills"]).sum())


def every_fill_pays_its_fee(scene: Scene) -> int:
    """Bars whose costs are not the all-in share of what was filled at them."""
    seen = scene.runs["vector_panel"]
    trades, equity = seen.after["trades"], seen.after["equity"]
    paid = (trades["quantity"] * trades["price"]).abs().groupby(trades["ts_event"]).sum() * terms.FEE_BPS / 1e4
    return _off(equity["cost_usd"], paid.reindex(equity["ts_event"], fill_value=0.0))


def fills_are_at_the_next_bars_price(scene: Scene) -> int:
    """Fills that do not stand one bar of the panel after a decision of their symbol, or at another price of it."""
    seen = scene.runs["vector_panel"]
    bars, weights = seen.before["bars"], seen.before["weights"]
    stamps = np.unique(bars["ts_event"].to_numpy())
    decided = weights[weights["weight"].notna() & (weights["ts_event"] < stamps[-1])]
    later = decided.assign(ts_event=stamps[np.searchsorted(stamps, decided["ts_event"].to_numpy()) + 1])
    due = later[["ts_event", "symbol"]].merge(bars[["ts_event", "symbol", terms.FILL_ON]], on=["ts_event", "symbol"])
    both = seen.after["trades"].merge(due, on=["ts_event", "symbol"], how="left")
    return int((both["price"] != both[terms.FILL_ON]).sum())


def _paid(scene: Scene, module: str) -> tuple[pd.DataFrame, pd.Series]:
    """A cost module's trades with what it charges for each, and the value of each; rows that are missing stay NaN."""
    seen = scene.runs[module]
    both = seen.before["trades"].merge(seen.after["costs"], on=["ts_event", "symbol"], how="outer")
    return both, (both["quantity"] * both["price"]).abs()


def fees_are_the_terms(scene: Scene) -> int:
    """Fills whose fee is not the all-in share of their value."""
    both, value = _paid(scene, "cost_bps")
    return _off(both["cost_usd"], value * terms.FEE_BPS / 1e4)


def spreads_are_the_worlds(scene: Scene) -> int:
    """Fills that pay less or more for half the spread than the world's quotes allow, symbol by symbol."""
    both, value = _paid(scene, "cost_half_spread")
    quoted = trading_terms(scene.world, scene.seed).set_index("symbol")["half_spread_bps"]
    return _off(both["cost_usd"], value * both["symbol"].map(quoted) / 1e4, SPREAD_APART)


def impact_is_the_square_root(scene: Scene) -> int:
    """Fills whose impact is not coefficient x volatility x root of their share of the volume, from bars before."""
    both, value = _paid(scene, "cost_sqrt_impact")
    bars = scene.runs["cost_sqrt_impact"].before["bars"]
    groups = bars.groupby("symbol", sort=False)
    moves = groups["close"].pct_change()
    known = bars[["ts_event", "symbol"]].assign(
        vol=moves.groupby(bars["symbol"]).transform(lambda own: own.rolling(terms.IMPACT_BARS).std().shift()),
        adv=groups["volume"].transform(lambda own: own.rolling(terms.IMPACT_BARS).mean().shift()),
    )
    rows = both.merge(known, on=["ts_event", "symbol"], how="left")
    share = terms.IMPACT_COEFFICIENT * rows["vol"] * np.sqrt(rows["quantity"].abs() / rows["adv"])
    return _off(rows["cost_usd"], value * share, 1e-6)


def borrow_is_the_rate(scene: Scene) -> int:
    """Payments that are not a bar's share of the yearly rate on the value short at the bar before, and missing ones."""
    seen = scene.runs["cost_borrow"]
    value = seen.before["holdings"].pivot(index="ts_event", columns="symbol", values="value_usd")
    lent = value.ffill().where(value.bfill().notna()).shift()
    due = (-lent.where(lent < 0.0) * terms.BORROW_RATE / terms.BARS_PER_YEAR).stack().dropna()
    found = seen.after["costs"].set_index(["ts_event", "symbol"])["cost_usd"]
    both = pd.concat({"found": found, "due": due}, axis=1)
    return _off(both["found"], both["due"])
