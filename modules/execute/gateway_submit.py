"""Orders to parent orders for the gateway: whole units of the wire, due at the next bar, each with ids of its own.

What cannot go over the wire gets no parent and fills on paper: orders older than the newest stamps that `most_parents`
hold, and what the wire cannot say by price, tick or quantity. An order of the last bar has no market yet.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from blake3 import blake3
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import DAY_NS
from modules.execute.horizon import within
from modules.execute.order_side import SELL
from modules.execute.short_sales import SELL_SHORT, held_before, marked, order_sides
from modules.execute.wire_example import submit_example
from modules.execute.wire_units import (
    MAX_CHILD_QTY,
    MAX_WIRE_PRICE,
    MAX_WIRE_QTY,
    MOST_PARENTS,
    child_qty,
    on_tick,
    ticks,
    unit_sizes,
    units_per_lot,
)
from modules.instruments import lot_sizes
from modules.tables import BARS, INSTRUMENTS, ORDERS, PARENTS, SUBMISSION

CARRIED = ("strategy", "strategy_no", "patch", "data_version", "ledger_id")


class Settings(ModuleSettings):
    fill_on: Literal["open", "close"] = Field(description="which price of the next bar the bundled venue quotes")
    most_parents: int = Field(ge=0, le=MOST_PARENTS, description="parents of the newest stamps that go over the wire")
    slice_qty: int = Field(ge=1, le=MAX_CHILD_QTY, description="largest child order, in units of the wire")


def parent_ids(parents: pd.DataFrame) -> pd.Series:
    """63 bits of BLAKE3 over an order's words: the same order has the same id for ever."""
    words = parents["strategy"] + "|" + parents["ts_event"].astype("str") + "|" + parents["symbol"]
    words = words + "|" + parents["side"] + "|" + parents["data_version"]
    digests = [int.from_bytes(blake3(str(word).encode()).digest(8), "big") >> 1 for word in words]
    return pd.Series(np.maximum(np.array(digests, dtype=np.int64), 1), index=parents.index)


def _due(orders: pd.DataFrame, bars: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Orders of the horizon with `start_ns`, `end_ns` and the price of the bar that they are due at."""
    stamps = np.unique(bars["ts_event"].to_numpy())
    ends = np.append(stamps[1:], stamps[-1:] + DAY_NS)
    place = np.searchsorted(stamps, orders["ts_event"].to_numpy(), side="right")
    inside = (place < len(stamps)) & within(orders, place, settings.most_parents)
    due = orders[inside].assign(start_ns=stamps[place[inside]], end_ns=ends[place[inside]])
    quotes = bars[["ts_event", "symbol", settings.fill_on]].set_axis(["start_ns", "symbol", "price"], axis=1)
    return due.merge(quotes, on=["start_ns", "symbol"], how="left")


@module(takes=(ORDERS, BARS, INSTRUMENTS, SUBMISSION), gives=PARENTS, settings=Settings, example=submit_example)
def gateway_submit(
    orders: pd.DataFrame, bars: pd.DataFrame, instruments: pd.DataFrame, submission: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    carried = submission[submission["execution"] == "native"][list(CARRIED)]
    due = _due(orders, bars, settings).merge(carried, how="cross")
    lot_size = lot_sizes(instruments, list(due["symbol"]))
    tick, price = ticks(instruments, due["symbol"]), due["price"].to_numpy(dtype=np.float64)
    wanted = due["order_qty"].to_numpy() * np.rint(lot_size / unit_sizes(lot_size))
    carries = (tick > 0) & ~(price * 1e9 > MAX_WIRE_PRICE) & (wanted <= MAX_WIRE_QTY) & (due["ord_type"] == "market")
    carries &= (child := child_qty(lot_size, settings.slice_qty)) <= MAX_CHILD_QTY
    made = due.assign(
        slice_qty=child, unit_size=unit_sizes(lot_size), limit_px=0, quote_px=on_tick(price, tick),
        tick_px=tick, style="child",
    )[carries]  # fmt: skip
    parents = marked(made, np.minimum(wanted, MAX_WIRE_QTY).astype(np.int64)[carries])
    return parents.assign(parent_id=parent_ids(parents))[list(PARENTS.columns)]


@gateway_submit.accept
def parents_are_orders(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """The parents of an order are all of it, in units of the wire, on its side and symbol, worked after its stamp."""
    keys = ["cl_ord_id", "symbol", "ts_event", "side"]
    parts = after.assign(side=order_sides(after["side"])).groupby(keys, as_index=False)
    both = parts.agg(wire_qty=("wire_qty", "sum"), start_ns=("start_ns", "min")).merge(before.orders, on=keys)
    due = both["order_qty"] * units_per_lot(lot_sizes(before.instruments, list(both["symbol"])))
    wrong = (both["wire_qty"] != due) | (both["start_ns"] <= both["ts_event"])
    lost = parts.ngroups - len(both)
    return Check(lost == 0 and not wrong.any(), float(wrong.sum() + lost), "0 orders")


@gateway_submit.accept
def sells_are_of_what_is_held(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """No sell is larger than what the parents before it add up to; one marked short begins where nothing is held."""
    quantity = after["wire_qty"].to_numpy()
    held = held_before(after.assign(side=order_sides(after["side"])), quantity)
    wrong = ((after["side"] == SELL) & (held < quantity)) | ((after["side"] == SELL_SHORT) & (held > 0))
    return no_row(after, wrong, "parents")


@gateway_submit.accept
def ids_are_those_of_their_words(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """An id stands once and follows from strategy, stamp, symbol, side and data; all words are the submission's."""
    due = parent_ids(after)
    words = after[list(CARRIED)].drop_duplicates().merge(before.submission, on=list(CARRIED))
    return after["parent_id"].is_unique and bool((due == after["parent_id"]).all()) and len(words) == min(1, len(after))


@gateway_submit.accept
def quotes_are_within_a_tick(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """A quote is whole ticks, at most one from its bar's price; children are whole lots; the wire can say both."""
    bars = before.bars[["ts_event", "symbol", settings.fill_on]].set_axis(["start_ns", "symbol", "price"], axis=1)
    both = after.merge(bars, on=["start_ns", "symbol"], how="left")
    off = (both["quote_px"] - both["price"] * 1e9).abs() > both["tick_px"]
    off |= (both["quote_px"] % both["tick_px"] != 0) | ((both["quote_px"] == 0) != ~(both["price"] > 0.0))
    lot = units_per_lot(lot_sizes(before.instruments, list(both["symbol"])))
    off |= (both["slice_qty"] % lot != 0) | (both["slice_qty"] > np.maximum(settings.slice_qty, lot))
    return no_row(both, off | ~both["slice_qty"].between(1, MAX_CHILD_QTY), "parents")
