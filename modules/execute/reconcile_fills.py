"""Set fills against orders and list every break; an order that was not filled whole is listed too, as `unfilled`.

A break is data, not a failure: what to do about it is the caller's decision, and the list must survive it.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from modules.contract import Check, ModuleSettings, module
from modules.examples import DAY_NS, START_NS, SYMBOLS
from modules.execute.order_side import signs
from modules.tables import BREAKS, FILLS, ORDERS

INFORMATION = "unfilled"
QUANTITY_KINDS = (INFORMATION, "overfill", "unknown_order")


class Settings(ModuleSettings):
    """No numbers: quantities agree or they do not."""


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Twelve orders, most of them filled: one not, one in part, one too often, and one fill that nobody ordered."""
    stamps = START_NS + DAY_NS * np.repeat(np.arange(3, dtype=np.int64), 4)
    names = pd.Series([f"example-{number:02d}" for number in range(12)], dtype="str")
    quantity = pd.Series(rng.integers(10, 50, 12))
    words = {"side": "buy", "ord_type": "market", "time_in_force": "day"}
    orders = pd.DataFrame({"ts_event": stamps, "symbol": pd.Series(SYMBOLS * 3, dtype="str"), "cl_ord_id": names})
    orders = orders.assign(**words, order_qty=quantity, reference_price=100.0)
    filled = quantity.where(names.index != 1, 4).where(names.index != 2, 60)
    fills = orders[["ts_event", "symbol", "side"]].assign(
        ts_event=stamps + DAY_NS, cl_ord_id=names.where(names.index != 3, "nobody"), exec_id="PAPER-" + names,
        last_qty=filled, last_px=np.int64(100_000_000_000), commission_usd=0.0, venue="PAPER",
    )  # fmt: skip
    fills = fills[names.index != 0].sort_values(["ts_event", "symbol", "cl_ord_id"], ignore_index=True)
    return {"orders": orders[list(ORDERS.columns)], "fills": fills[list(FILLS.columns)]}


def _rows(kind: str, rows: pd.DataFrame, expected: pd.Series | float, found: pd.Series | float) -> pd.DataFrame:
    return rows[["cl_ord_id", "symbol"]].assign(
        kind=pd.Series(kind, index=rows.index, dtype="str"),
        expected=pd.Series(expected, index=rows.index, dtype="float64"),
        found=pd.Series(found, index=rows.index, dtype="float64"),
    )


def _by_quantity(orders: pd.DataFrame, fills: pd.DataFrame) -> list[pd.DataFrame]:
    ordered = orders.groupby("cl_ord_id").agg(symbol=("symbol", "first"), order_qty=("order_qty", "sum"))
    filled = fills.groupby("cl_ord_id").agg(symbol_filled=("symbol", "first"), last_qty=("last_qty", "sum"))
    both = ordered.join(filled, how="outer").reset_index()
    both["symbol"] = both["symbol"].fillna(both["symbol_filled"])
    wanted, got = both["order_qty"].fillna(0.0), both["last_qty"].fillna(0.0)
    kinds = {
        "unknown_order": both["order_qty"].isna(),
        "overfill": both["order_qty"].notna() & (got > wanted),
        INFORMATION: got < wanted,
    }
    return [_rows(kind, both[mask], wanted[mask], got[mask]) for kind, mask in kinds.items()]


def _by_fill(orders: pd.DataFrame, fills: pd.DataFrame) -> list[pd.DataFrame]:
    both = fills.merge(orders.drop_duplicates("cl_ord_id"), on="cl_ord_id", suffixes=("", "_order"))
    early_ns = both["ts_event"] - both["ts_event_order"]
    side, side_order = pd.Series(signs(both["side"])), pd.Series(signs(both["side_order"]))
    other_symbol = both["symbol"] != both["symbol_order"]
    return [
        _rows("side_mismatch", both[side != side_order], side_order, side),
        _rows("symbol_mismatch", both[other_symbol], 1.0, 0.0),
        _rows("before_order", both[early_ns < 0], 0.0, early_ns),
    ]


def _by_name(orders: pd.DataFrame, fills: pd.DataFrame) -> list[pd.DataFrame]:
    again = fills.groupby("exec_id")["exec_id"].transform("size")
    twice = orders.groupby("cl_ord_id")["cl_ord_id"].transform("size")
    first, first_order = ~fills["exec_id"].duplicated() & (again > 1), ~orders["cl_ord_id"].duplicated() & (twice > 1)
    return [
        _rows("duplicate_execution", fills[first], 1.0, again),
        _rows("duplicate_order", orders[first_order], 1.0, twice),
    ]


@module(takes=(ORDERS, FILLS), gives=BREAKS, settings=Settings, example=example)
def reconcile_fills(orders: pd.DataFrame, fills: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    found = [*_by_quantity(orders, fills), *_by_fill(orders, fills), *_by_name(orders, fills)]
    keyed = pd.concat(found, ignore_index=True)
    return keyed.sort_values(["cl_ord_id", "kind", "symbol", "found"], kind="stable", ignore_index=True)


@reconcile_fills.accept
def ordered_is_filled_plus_breaks(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """For each cl_ord_id, ordered minus filled is what its quantity breaks say, so filled + unfilled = ordered."""
    gap = (
        before.orders.groupby("cl_ord_id")["order_qty"]
        .sum()
        .sub(before.fills.groupby("cl_ord_id")["last_qty"].sum(), fill_value=0)
    )
    told = after[after["kind"].isin(QUANTITY_KINDS)]
    told_gap = (told["expected"] - told["found"]).groupby(told["cl_ord_id"]).sum()
    wrong = gap.sub(told_gap, fill_value=0) != 0
    return Check(not wrong.any(), float(wrong.sum()), "0 cl_ord_id")


@reconcile_fills.accept
def names_only_orders_and_fills(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """A break names a cl_ord_id that was ordered or filled, and its two numbers differ."""
    known = {*before.orders["cl_ord_id"], *before.fills["cl_ord_id"]}
    return bool(after["cl_ord_id"].isin(known).all()) and bool((after["expected"] != after["found"]).all())
