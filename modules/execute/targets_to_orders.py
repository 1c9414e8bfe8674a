"""Target positions to parent orders: one market order for each change of a symbol's target.

Why from target to target, not from position to target: the orders are then known before any fill is. What was refused
or lapsed stays visible in `reconcile_fills` and is not bought again by stealth.
"""

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module
from modules.examples import keyed_example
from modules.execute.order_side import BUY, sides
from modules.panel import by_symbol
from modules.tables import ORDERS, TARGETS, sort_columns


class Settings(ModuleSettings):
    strategy_id: str = Field(
        min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_.]+$", description="first part of every cl_ord_id"
    )


def example(rng: np.random.Generator) -> pd.DataFrame:
    keys = keyed_example(rng, "weight", 0.5, bars=60)
    lots = np.where(by_symbol(keys).cumcount() % 5 == 4, rng.integers(-9, 10, len(keys)), 0)
    return keys.assign(target_lots=lots.astype(np.int64), reference_price=100.0)[
        ["ts_event", "ts_avail", "symbol", "target_lots", "weight", "reference_price"]
    ]


@module(takes=TARGETS, gives=ORDERS, settings=Settings, example=example)
def targets_to_orders(targets: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    change = targets["target_lots"] - by_symbol(targets)["target_lots"].shift(fill_value=0)
    moved = targets[change != 0]
    lots = change[change != 0]
    stamps = moved["ts_event"].astype("str")
    orders = pd.DataFrame(
        {
            "ts_event": moved["ts_event"], "symbol": moved["symbol"],
            "cl_ord_id": settings.strategy_id + "-" + stamps + "-" + moved["symbol"],
            "side": sides(lots), "order_qty": lots.abs(),
            "ord_type": pd.Series("market", index=moved.index, dtype="str"),
            "time_in_force": pd.Series("day", index=moved.index, dtype="str"),
            "reference_price": moved["reference_price"],
        }
    )  # fmt: skip
    return orders.sort_values(list(sort_columns("orders")), kind="stable", ignore_index=True)


@targets_to_orders.accept
def orders_add_up_to_the_targets(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """At every bar the orders so far of a symbol add up to its target: nothing is lost, nothing is bought twice."""
    signed = after["order_qty"].where(after["side"] == BUY, -after["order_qty"])
    moves = signed.groupby([after["symbol"], after["ts_event"]]).sum().rename("lots").reset_index()
    rows = before.merge(moves, on=["symbol", "ts_event"], how="left")
    held = rows["lots"].fillna(0.0).groupby(rows["symbol"], sort=False).cumsum()
    wrong = (held != rows["target_lots"]).to_numpy()
    stray = len(after) - int(rows["lots"].notna().sum())
    return Check(not wrong.any() and stray == 0, float(wrong.sum() + abs(stray)), "0 rows", before[wrong].head(5))


@targets_to_orders.accept
def ids_name_one_order_each(before: pd.DataFrame, after: pd.DataFrame, settings: Settings) -> bool:
    """A cl_ord_id stands once and begins with the strategy's name."""
    begins = after["cl_ord_id"].str.startswith(settings.strategy_id + "-")
    return bool(begins.all()) and not after["cl_ord_id"].duplicated().any()
