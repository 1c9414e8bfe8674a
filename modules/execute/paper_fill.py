"""Fill orders on paper at the next bar of the panel, with costs: the vector engine's rule, and its word is PAPER.

An order is due at the next stamp of the whole panel, whatever the symbol. It lapses when its symbol has no price there,
and an order of the last bar stays open: neither gives a fill, and `reconcile_fills` lists both as unfilled.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module
from modules.errors import CwsError
from modules.examples import bars_example
from modules.execute.fixed_point import UNITS, from_fixed, to_fixed
from modules.execute.order_side import sides
from modules.instruments import instruments_example, lot_sizes
from modules.skills.cost import FillCost, fill_cost_usd
from modules.tables import BARS, FILLS, INSTRUMENTS, ORDERS, sort_columns

VENUE = "PAPER"


class Settings(ModuleSettings):
    fill_on: Literal["open", "close"] = Field(description="which price of the next bar fills the order")
    cost_bps: float = Field(ge=0.0, le=1000.0, description="cost of a fill in hundredths of a per cent of its value")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng, 40)
    chosen = bars.iloc[::7].sort_values(["ts_event", "symbol"], ignore_index=True)
    lots = pd.Series(rng.integers(1, 50, len(chosen)) * rng.choice([-1, 1], len(chosen)))
    words = {"ord_type": "market", "time_in_force": "day"}
    orders = pd.DataFrame(
        {
            "ts_event": chosen["ts_event"], "symbol": chosen["symbol"],
            "cl_ord_id": "example-" + chosen["ts_event"].astype("str") + "-" + chosen["symbol"],
            "side": sides(lots), "order_qty": lots.abs(),
            **{name: pd.Series(word, index=chosen.index, dtype="str") for name, word in words.items()},
            "reference_price": chosen["close"],
        }
    )  # fmt: skip
    return {"orders": orders, "bars": bars, "instruments": instruments_example()}


def _due(orders: pd.DataFrame, bars: pd.DataFrame, price: str) -> pd.DataFrame:
    """The orders that fill, with the stamp and the price of their fill."""
    stamps = np.unique(bars["ts_event"].to_numpy())
    place = np.searchsorted(stamps, orders["ts_event"].to_numpy(), side="right")
    waiting = place == len(stamps)
    due = orders[~waiting].assign(ts_event=stamps[place[~waiting]])
    quotes = bars[["ts_event", "symbol", price]].rename(columns={price: "price"})
    return due.merge(quotes, on=["ts_event", "symbol"], how="left").dropna(subset="price")


def _refuse_other_types(orders: pd.DataFrame) -> None:
    other = orders["ord_type"] != "market"
    if other.any():
        raise CwsError(
            "CWS-EXECUTE-003", what=f"paper cannot fill an order of type {orders['ord_type'][other].iloc[0]!r}",
            where=str(orders["cl_ord_id"][other].iloc[0]), fix="send market orders",
        )  # fmt: skip


@module(takes=(ORDERS, BARS, INSTRUMENTS), gives=FILLS, settings=Settings, example=example)
def paper_fill(
    orders: pd.DataFrame, bars: pd.DataFrame, instruments: pd.DataFrame, settings: Settings,
    *, cost: Callable[[float], FillCost],
) -> pd.DataFrame:  # fmt: skip
    _refuse_other_types(orders)
    due = _due(orders, bars, settings.fill_on)
    codes, symbols = pd.factorize(due["symbol"])
    units = due["order_qty"].to_numpy() * lot_sizes(instruments, [str(symbol) for symbol in symbols])[codes]
    last_px = to_fixed(due["price"].to_numpy(dtype=np.float64))
    fills = due[["ts_event", "symbol", "cl_ord_id"]].assign(
        exec_id=VENUE + "-" + due["cl_ord_id"],
        side=due["side"],
        last_qty=due["order_qty"],
        last_px=last_px,
        commission_usd=fill_cost_usd(cost(settings.cost_bps), units, from_fixed(last_px)),
        venue=pd.Series(VENUE, index=due.index, dtype="str"),
    )
    return fills.sort_values(list(sort_columns("fills")), kind="stable", ignore_index=True)


@paper_fill.accept
def fills_whole_orders_once(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """Every fill is the whole of one order, on its side and symbol, after its stamp; no order fills twice."""
    both = after.merge(before.orders, on=["cl_ord_id", "symbol", "side"], suffixes=("", "_order"))
    wrong = (both["last_qty"] != both["order_qty"]) | (both["ts_event"] <= both["ts_event_order"])
    once = len(both) == len(after) and not after["cl_ord_id"].duplicated().any()
    return Check(once and not wrong.any(), float(wrong.sum()), "0 fills", both[wrong].head(5))


@paper_fill.accept
def fills_at_the_declared_price(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """A fill's price is the `fill_on` price of its symbol's bar at its stamp, to the nearest unit of 1e-9."""
    both = after.merge(before.bars, on=["ts_event", "symbol"])
    wrong = both["last_px"] != np.rint(both[settings.fill_on] * UNITS)
    return Check(len(both) == len(after) and not wrong.any(), float(wrong.sum()), "0 fills", both[wrong].head(5))


@paper_fill.accept
def commissions_are_the_declared_share(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """A commission is `cost_bps` hundredths of a per cent of lots x units per lot x price, to 1e-9 of itself."""
    units = after["last_qty"].to_numpy() * lot_sizes(before.instruments, list(after["symbol"]))
    due = units * from_fixed(after["last_px"].to_numpy()) * settings.cost_bps / 1e4
    off = np.abs(after["commission_usd"].to_numpy() - due) / np.where(due > 0.0, due, 1.0)
    return Check(bool((off <= 1e-9).all()), float(off.max(initial=0.0)), "1e-9 of the commission")


@paper_fill.accept
def costs_are_paid_not_earned(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """No commission is negative or missing, and everything is labelled paper."""
    return bool((after["commission_usd"] >= 0.0).all() and (after["venue"] == VENUE).all())
