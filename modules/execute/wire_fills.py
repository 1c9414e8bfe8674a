"""What came back over the wire to fills: one row a trade, beside the paper fills of orders that never had a parent.

A parent that traded nothing has no fill: its paper fill is an expectation, and no fact.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.errors import CwsError
from modules.execute.fixed_point import from_fixed
from modules.execute.short_sales import order_sides
from modules.execute.wire_example import TRADE, wire_example
from modules.execute.wire_units import units_per_lot
from modules.instruments import lot_sizes
from modules.skills.cost import FillCost, fill_cost_usd
from modules.tables import EXECUTIONS, FILLS, INSTRUMENTS, PARENTS, sort_columns

VENUE = "CWSX"


class Settings(ModuleSettings):
    cost_bps: float = Field(ge=0.0, le=1000.0, description="cost of a fill in hundredths of a per cent of its value")


def _trades(executions: pd.DataFrame, parents: pd.DataFrame) -> pd.DataFrame:
    """Every trade with its parent's words. Raises CWS-EXECUTE-006 for a trade that nobody ordered."""
    trades = executions[executions["kind"] == TRADE]
    stray = ~trades["parent_id"].isin(parents["parent_id"])
    if stray.any():
        first = trades[stray].iloc[0]
        raise CwsError(
            "CWS-EXECUTE-006", what=f"trade {first['match_number']} has the unknown parent {first['parent_id']}",
            where=f"executions, seq {first['seq']}", fix="look at the run's journal: cws orders",
        )  # fmt: skip
    words = parents.drop_duplicates("parent_id")[["parent_id", "symbol", "cl_ord_id", "side", "strategy"]]
    return trades.merge(words.assign(side=order_sides(words["side"])), on="parent_id")


def whole_lots(trades: pd.DataFrame, lot: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lots of each trade. Raises CWS-EXECUTE-007 for a part of a lot: positions here are counted in lots."""
    quantity = trades["wire_qty"].to_numpy()
    odd = quantity % lot != 0
    if odd.any():
        first = trades[odd].iloc[0]
        raise CwsError(
            "CWS-EXECUTE-007", what=f"trade {first['match_number']} of {first['wire_qty']} units is no whole lot",
            where=str(first["cl_ord_id"]), fix="give the dataset a lot_size that the venue trades in",
        )  # fmt: skip
    return quantity // lot


@module(takes=(EXECUTIONS, PARENTS, FILLS, INSTRUMENTS), gives=FILLS, settings=Settings, example=wire_example)
def wire_fills(
    executions: pd.DataFrame, parents: pd.DataFrame, fills: pd.DataFrame, instruments: pd.DataFrame,
    settings: Settings, *, cost: Callable[[float], FillCost],
) -> pd.DataFrame:  # fmt: skip
    trades = _trades(executions, parents)
    lot_size = lot_sizes(instruments, list(trades["symbol"]))
    lots = whole_lots(trades, units_per_lot(lot_size))
    price = from_fixed(trades["last_px"].to_numpy())
    made = trades[["ts_event", "symbol", "cl_ord_id"]].assign(
        exec_id=VENUE + "-" + trades["strategy"] + "-" + trades["match_number"].astype("str"), side=trades["side"],
        last_qty=lots, last_px=trades["last_px"], venue=VENUE,
        commission_usd=fill_cost_usd(cost(settings.cost_bps), lots * lot_size, price),
    )  # fmt: skip
    on_paper = fills[~fills["cl_ord_id"].isin(parents["cl_ord_id"])]
    both = pd.concat([on_paper, made[list(FILLS.columns)]], ignore_index=True)
    return both.sort_values(list(sort_columns("fills")), kind="stable", ignore_index=True)


@wire_fills.accept
def lots_are_what_traded(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """The filled lots of a cl_ord_id are what traded under its parent, or its paper fill where it has none."""
    trades = before.executions[before.executions["kind"] == TRADE].merge(before.parents, on="parent_id")
    traded = trades["wire_qty_x"] / units_per_lot(lot_sizes(before.instruments, list(trades["symbol"])))
    paper = before.fills[~before.fills["cl_ord_id"].isin(before.parents["cl_ord_id"])]
    due = pd.concat([traded.groupby(trades["cl_ord_id"]).sum(), paper.groupby("cl_ord_id")["last_qty"].sum()])
    wrong = after.groupby("cl_ord_id")["last_qty"].sum().sub(due, fill_value=0) != 0
    return Check(not wrong.any(), float(wrong.sum()), "0 cl_ord_id")


@wire_fills.accept
def trades_stand_as_they_happened(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """Every trade stands once, at its stamp, price and number, on its parent's side; nothing else is the venue's."""
    wire = after[after["venue"] == VENUE]
    wire = wire.assign(match_number=wire["exec_id"].str.rsplit("-", n=1).str[-1])
    trades = before.executions[before.executions["kind"] == TRADE].merge(before.parents, on="parent_id")
    trades = trades.assign(match_number=trades["match_number"].astype("str"), ts_event=trades["ts_event_x"])
    trades = trades.assign(side=order_sides(trades["side"]))
    keys = ["ts_event", "symbol", "cl_ord_id", "side", "last_px", "match_number"]
    both = wire[keys].merge(trades[keys], on=keys)
    lost = abs(len(wire) - len(both)) + abs(len(trades) - len(both)) + int(wire["exec_id"].duplicated().sum())
    return Check(lost == 0, float(lost), "0 trades")


@wire_fills.accept
def commissions_are_the_declared_share(before: SimpleNamespace, after: pd.DataFrame, settings: Settings) -> Check:
    """A wire fill's commission is `cost_bps` hundredths of a per cent of lots x units per lot x price, to 1e-9."""
    wire = after[after["venue"] == VENUE]
    value = (
        wire["last_qty"] * lot_sizes(before.instruments, list(wire["symbol"])) * from_fixed(wire["last_px"].to_numpy())
    )
    due = value * settings.cost_bps / 1e4
    return no_row(wire, ~((wire["commission_usd"] - due).abs() <= 1e-9 * due), "fills")
