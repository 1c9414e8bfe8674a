"""What a venue answered, drawn by seed: parents of orders, their trades in parts, refusals, and orders on paper."""

import numpy as np
import pandas as pd

from cws.market.spec import World
from cws.oracles.made import make_world
from kernels.market import stream
from modules.tables import EXECUTIONS, FILLS, PARENTS, SUBMISSION
from modules.values import Table, make_table

WIRED = 109
TICK, NAMES = 10_000, {"strategy": "desk", "strategy_no": 1, "patch": "none", "data_version": "b3:0", "ledger_id": "0"}


def submission(world: World) -> Table:
    return make_table(
        pd.DataFrame([{**NAMES, "execution": "native"}])[list(SUBMISSION.columns)], SUBMISSION, world.name
    )


def wire(world: World, seed: int) -> tuple[Table, Table, Table]:
    """(paper fills of all orders, parents of most, executions): every third parent trades in two parts, every fifth
    is refused, and where the world has spikes every seventh order has no parent."""
    bars = make_world(world, seed)["bars"].frame
    due = bars.iloc[7::11].dropna(subset="open").sort_values(["ts_event", "symbol"], ignore_index=True)
    draws, count = stream(seed, WIRED), len(due)
    number = np.arange(count)
    quantity, side = draws.integers(2, 500, count), np.where(draws.random(count) < 0.5, "buy", "sell")
    px = np.maximum(np.rint(due["open"].to_numpy() * 1e5).astype(np.int64) * TICK, TICK)
    orders = due[["ts_event", "symbol"]].assign(cl_ord_id=[f"wire-{n:04d}" for n in number], side=side)
    paper = orders.assign(
        exec_id="PAPER-" + orders["cl_ord_id"], last_qty=quantity, last_px=px, commission_usd=1.0, venue="PAPER"
    )[list(FILLS.columns)]  # fmt: skip
    parents = orders.assign(
        **NAMES, parent_id=number + 1, wire_qty=quantity, slice_qty=999_999, unit_size=1.0, limit_px=0, quote_px=px,
        tick_px=TICK, start_ns=orders["ts_event"] + 1, end_ns=orders["ts_event"] + 2, style="child",
        side=np.where((side == "sell") & (number % 2 == 0), "sell_short", side),
    )[list(PARENTS.columns)]  # fmt: skip
    out = parents[number % 7 != 6] if world.flaws.spikes else parents
    return (
        make_table(paper, FILLS, world.name),
        make_table(out.reset_index(drop=True), PARENTS, world.name),
        make_table(_answers(out), EXECUTIONS, world.name),
    )


def _answers(parents: pd.DataFrame) -> pd.DataFrame:
    number = parents["parent_id"].to_numpy()
    refused = number % 5 == 0
    parts = np.where((number % 3 == 0) & ~refused, 2, 1)
    rows = parents.loc[parents.index.repeat(parts)].reset_index(drop=True)
    second = rows["parent_id"].duplicated().to_numpy()
    whole, split = rows["wire_qty"].to_numpy(), np.repeat(parts, parts) == 2
    size = np.where(split, np.where(second, whole - 1, 1), whole)
    no = np.repeat(refused, parts)
    return rows.assign(
        seq=np.arange(len(rows)), ts_event=np.where(no, 0, rows["start_ns"]), order_id="H00100000001",
        kind=np.where(no, "rejected_by_risk", "filled"), match_number=np.where(no, 0, np.arange(len(rows)) + 1),
        wire_qty=size, last_px=np.where(no, 0, rows["quote_px"]), reason=np.where(no, "R01", ""),
    )[list(EXECUTIONS.columns)]  # fmt: skip
