"""Oracles of the desk: capacity, whole lots, orders, fills on paper, breaks between them, and the book."""

import math

import numpy as np
import pandas as pd

from cws.oracles import terms
from cws.oracles.drawn import broken_fills
from cws.oracles.scene import Scene, Seen

KEYS = ["ts_event", "symbol"]


def _signed(rows: pd.DataFrame, quantity: str) -> pd.Series:
    return rows[quantity] * rows["side"].map({"buy": 1, "sell": -1})


def positions_fit_their_market(scene: Scene) -> int:
    """Weights above `ADV_SHARE` of the mean value traded over `ADV_BARS`, and weights cut that were below it."""
    seen = scene.runs["capacity_cap"]
    bars, came = seen.before["bars"], seen.before["weights"]["weight"]
    traded = (bars["close"] * bars["volume"]).groupby(bars["symbol"])
    adv = traded.transform(lambda own: own.rolling(terms.ADV_BARS).mean()).fillna(0.0)
    account = bars["ts_event"].map(seen.before["equity"].set_index("ts_event")["equity_usd"])
    largest = terms.ADV_SHARE * adv / account
    due = came.clip(-largest, largest)
    return int((~((seen.after["weights"]["weight"] - due).abs() <= 1e-9) & came.notna()).sum())


def targets_are_whole_lots_below_the_weight(scene: Scene) -> int:
    """Targets that are not weight x account / close / lot, cut toward zero, and held between decisions."""
    seen = scene.runs["lot_round"]
    bars = seen.before["bars"]
    account = bars["ts_event"].map(seen.before["equity"].set_index("ts_event")["equity_usd"])
    ideal = seen.before["weights"]["weight"] * account / bars["close"] / terms.LOT_SIZE
    due = pd.Series(np.trunc(ideal)).groupby(bars["symbol"]).ffill().fillna(0.0)
    # A quotient a hair below a whole number may round to it.
    return int(((seen.after["targets"]["target_lots"] - due).abs() > ((ideal % 1.0) > 1.0 - 1e-9)).sum())


def orders_are_differences_of_targets(scene: Scene) -> int:
    """Changes of a target without their order, orders without a change, and orders of another quantity."""
    seen = scene.runs["targets_to_orders"]
    targets = seen.before["targets"]
    change = targets["target_lots"] - targets.groupby("symbol")["target_lots"].shift(fill_value=0)
    due = targets[KEYS].assign(change=change)[change != 0].set_index(KEYS)["change"]
    orders = seen.after["orders"]
    found = orders.assign(lots=_signed(orders, "order_qty")).groupby(KEYS)["lots"].sum()
    both = pd.concat([due, found], axis=1)
    return int((both["change"] != both["lots"]).sum())


def paper_fills_at_the_next_bar_for_its_fee(scene: Scene) -> int:
    """Orders whose fill is missing, too many, at another bar or price, or pays another commission."""
    seen = scene.runs["paper_fill"]
    orders, bars = seen.before["orders"], seen.before["bars"]
    stamps = np.unique(bars["ts_event"].to_numpy())
    later = orders[orders["ts_event"] < stamps[-1]]
    later = later.assign(ts_event=stamps[np.searchsorted(stamps, later["ts_event"].to_numpy(), side="right")])
    due = later.merge(bars[[*KEYS, terms.FILL_ON]], on=KEYS).dropna(subset=terms.FILL_ON)
    both = seen.after["fills"].merge(due, on=[*KEYS, "cl_ord_id", "side"], how="outer")
    price = both["last_px"] / 1e9
    fee = both["order_qty"] * terms.LOT_SIZE * price * terms.COMMISSION_BPS / 1e4
    good = (both["last_qty"] == both["order_qty"]) & ((price - both[terms.FILL_ON]).abs() <= 1e-9 * price)
    return int((~(good & ((both["commission_usd"] - fee).abs() <= 1e-9 * fee))).sum())


def parents_are_orders_at_the_next_bars_quote(scene: Scene) -> int:
    """Orders whose parents are missing, too many, at another bar, of another size, quoted off the next bar's price."""
    seen = scene.runs["gateway_submit"]
    orders, bars = seen.before["orders"], seen.before["bars"]
    stamps = np.unique(bars["ts_event"].to_numpy())
    due = orders[orders["ts_event"] < stamps[-1]]
    due = due.assign(start_ns=stamps[np.searchsorted(stamps, due["ts_event"].to_numpy(), side="right")])
    quotes = bars[[*KEYS, terms.FILL_ON]].rename(columns={"ts_event": "start_ns"})
    due = due.merge(quotes, on=["start_ns", "symbol"], how="left")
    parents = seen.after["parents"].assign(side=seen.after["parents"]["side"].replace("sell_short", "sell"))
    found = parents.groupby(["cl_ord_id", "symbol", "side", "start_ns"], as_index=False).agg(
        wire_qty=("wire_qty", "sum"), quote_px=("quote_px", "first"), slice_qty=("slice_qty", "max")
    )
    both = due.merge(found, on=["cl_ord_id", "symbol", "side", "start_ns"], how="outer")
    price = both[terms.FILL_ON].fillna(0.0)
    tick = parents["tick_px"].max() / 1e9
    good = (both["wire_qty"] == both["order_qty"] * terms.LOT_SIZE) & (both["slice_qty"] == terms.CHILD_QTY)
    return int((~(good & ((both["quote_px"] / 1e9 - price).abs() <= tick / 2 + 1e-9))).sum())


def wire_fills_are_the_trades_of_the_wire(scene: Scene) -> int:
    """Trades without their fill, fills that nobody traded, and fills that pay another commission."""
    seen = scene.runs["wire_fills"]
    before = seen.before
    trades = before["executions"][before["executions"]["kind"] == "filled"].merge(before["parents"], on="parent_id")
    price = trades["last_px"] / 1e9
    due = pd.DataFrame(
        {
            "cl_ord_id": trades["cl_ord_id"], "last_px": trades["last_px"], "ts_event": trades["ts_event_x"],
            "last_qty": trades["wire_qty_x"] / terms.LOT_SIZE, "side": trades["side"].replace("sell_short", "sell"),
            "due": trades["wire_qty_x"] * price * terms.COMMISSION_BPS / 1e4,
        }
    )  # fmt: skip
    paper = before["fills"][~before["fills"]["cl_ord_id"].isin(before["parents"]["cl_ord_id"])]
    due = pd.concat([due, paper.rename(columns={"commission_usd": "due"})[list(due.columns)]])
    keys = [name for name in due.columns if name != "due"]
    both = seen.after["fills"].merge(due, on=keys, how="outer")
    return int((~((both["commission_usd"] - both["due"]).abs() <= 1e-9 * both["due"])).sum())


def planted_breaks_are_reported(scene: Scene) -> int:
    """Breaks between orders and fills that were planted and not reported, and the other way round."""
    planted = broken_fills(scene.world, scene.seed)[2]
    breaks = scene.runs["reconcile_fills"].after["breaks"]
    found = set(zip(breaks["cl_ord_id"], breaks["kind"], strict=True))
    return len(found ^ planted) + len(breaks) - len(found)


def book_is_cash_and_positions(scene: Scene) -> int:
    """Stamps at which cash is not the first cash less all fills and commissions, or equity not cash and positions."""
    seen = scene.runs["position_book"]
    fills, stamps, bars = seen.before["fills"], seen.after["book"]["ts_event"], seen.before["bars"]
    lots = _signed(fills, "last_qty")
    paid = lots * terms.LOT_SIZE * fills["last_px"] / 1e9 + fills["commission_usd"]
    spent = paid.groupby(fills["ts_event"]).sum().reindex(stamps, fill_value=0.0).cumsum()
    held = fills.assign(lots=lots).pivot_table(index="ts_event", columns="symbol", values="lots", aggfunc="sum")
    held = held.reindex(stamps).fillna(0.0).cumsum()
    close = bars.pivot(index="ts_event", columns="symbol", values="close").ffill().reindex(stamps)
    cash = terms.INITIAL_CASH_USD - spent.to_numpy()
    equity = cash + (held * terms.LOT_SIZE * close[held.columns]).fillna(0.0).to_numpy().sum(axis=1)
    return _off(seen, "cash_usd", cash) + _off(seen, "equity_usd", equity)


def _off(seen: Seen, name: str, due: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    gap = np.abs(seen.after["book"][name].to_numpy() - due)
    return sum(not math.isfinite(one) or one > 1e-9 * terms.INITIAL_CASH_USD for one in gap.tolist())
