"""Refuse orders that no desk may send, with the reason: the risk core's checks, in research.

The limit on orders per bar counts only orders that passed the other checks, in the order in which they came.
"""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from modules.contract import Check, ModuleSettings, module
from modules.examples import DAY_NS, START_NS, SYMBOLS
from modules.instruments import instruments_example, lot_size_in_force
from modules.refusal import split
from modules.tables import INSTRUMENTS, ORDERS, REFUSED


class Settings(ModuleSettings):
    max_order_qty_lots: int = Field(ge=1, le=1_000_000_000_000_000, description="largest quantity of one order")
    max_notional_usd: float = Field(ge=1.0, le=1e12, description="largest value of one order at its reference price")
    max_orders_per_bar: int = Field(ge=1, le=100_000, description="most orders with the same stamp")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    count = 24
    stamps = START_NS + DAY_NS * np.repeat(np.arange(count // 4, dtype=np.int64), 4)
    symbol = pd.Series(SYMBOLS * (count // 4), dtype="str")
    price = np.where(np.arange(count) == 9, 0.0, rng.uniform(50.0, 150.0, count))
    quantity = rng.integers(1, 20, count)
    quantity[7] = 1_000_000
    words = {"side": ["buy", "sell"] * (count // 2), "ord_type": ["market"] * count, "time_in_force": ["day"] * count}
    orders = pd.DataFrame(
        {
            "ts_event": stamps, "symbol": symbol.where(symbol.index != 5, "ZZZ.XNYS"),
            "cl_ord_id": "example-" + pd.Series(stamps).astype("str") + "-" + symbol,
            **{name: pd.Series(word, dtype="str") for name, word in words.items()},
            "order_qty": quantity, "reference_price": price,
        }
    )[list(ORDERS.columns)]  # fmt: skip
    return {"orders": orders, "instruments": instruments_example()}


def _over_rate(orders: pd.DataFrame, refused: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    place = (~pd.Series(refused)).groupby(orders["ts_event"].to_numpy()).cumsum().to_numpy()
    return ~refused & (place > most)


@module(takes=(ORDERS, INSTRUMENTS), gives=(ORDERS, REFUSED), settings=Settings, example=example)
def pre_trade_checks(
    orders: pd.DataFrame, instruments: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    lot_size = lot_size_in_force(instruments, orders)
    price, quantity = orders["reference_price"].to_numpy(), orders["order_qty"].to_numpy()
    rules = {
        "unknown_symbol": ~orders["symbol"].isin(instruments["symbol"]).to_numpy(),
        "outside_validity": np.isnan(lot_size),
        "non_positive_price": ~(price > 0.0),
        "quantity_over_limit": quantity > settings.max_order_qty_lots,
        "notional_over_limit": ~(quantity * lot_size * price <= settings.max_notional_usd),
        "duplicate_cl_ord_id": orders["cl_ord_id"].duplicated().to_numpy(),
    }
    refused = np.logical_or.reduce(list(rules.values()))
    rules["too_many_orders_per_bar"] = _over_rate(orders, refused, settings.max_orders_per_bar)
    numbered = orders.assign(
        source=pd.Series("orders", index=orders.index, dtype="str"), row=np.arange(1, len(orders) + 1, dtype=np.int64)
    )
    kept, refusals = split(numbered, rules)
    return kept[list(orders.columns)], refusals


@pre_trade_checks.accept
def every_order_once(before: SimpleNamespace, after: SimpleNamespace) -> bool:
    """Orders that came = orders that pass + orders refused, by their cl_ord_id."""
    refused = [json.loads(record)["cl_ord_id"] for record in after.refused["record"]]
    return sorted(before.orders["cl_ord_id"]) == sorted([*after.orders["cl_ord_id"], *refused])


@pre_trade_checks.accept
def nothing_passes_over_a_limit(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """No order that passes is larger than the limits, and no bar has more orders than allowed."""
    smallest = before.instruments.groupby("symbol")["lot_size"].min().reindex(after.orders["symbol"]).to_numpy()
    over = ~(after.orders["order_qty"] * smallest * after.orders["reference_price"] <= settings.max_notional_usd)
    over |= ~after.orders["order_qty"].between(1, settings.max_order_qty_lots) | (
        after.orders["reference_price"] <= 0.0
    )
    most = int(after.orders["ts_event"].value_counts().max()) if len(after.orders) else 0
    fits = most <= settings.max_orders_per_bar and not after.orders["cl_ord_id"].duplicated().any()
    return Check(fits and not over.any(), float(over.sum()), "0 orders", after.orders[over].head(5))


@pre_trade_checks.accept
def passes_orders_unchanged(before: SimpleNamespace, after: SimpleNamespace) -> bool:
    """An order that passes is one that came, every field equal, in the same sequence."""
    came = before.orders.drop_duplicates("cl_ord_id")
    return came[came["cl_ord_id"].isin(after.orders["cl_ord_id"])].reset_index(drop=True).equals(after.orders)
