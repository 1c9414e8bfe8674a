"""An example of what comes back over the wire: whole fills, parts, a refusal, and orders that stayed on paper."""

import numpy as np
import pandas as pd

from modules.examples import bars_example
from modules.execute.fixed_point import to_fixed
from modules.execute.order_side import sides
from modules.instruments import instruments_example

TRADE = "filled"


def wire_example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Twelve orders: four on paper alone; of eight parents one traded in two parts and one not at all."""
    count, lot = 12, 10
    number = np.arange(count)
    stamp, quantity = 1_000 * (number // 4 + 1), rng.integers(2, 50, count)
    px = to_fixed(np.rint(rng.uniform(50.0, 150.0, count) * 100.0) / 100.0)
    symbol = pd.Series(["AAA.XNYS", "BBB.XNYS", "CCC.XNYS", "DDD.XNYS"] * 3, dtype="str")
    orders = pd.DataFrame({"ts_event": stamp, "symbol": symbol, "cl_ord_id": [f"example-{n:02d}" for n in number]})
    side = pd.Series(["buy", "sell"] * 6, dtype="str")
    wire_side = side.replace("sell", "sell_short")
    paper = orders.assign(
        ts_event=stamp + 1_000, exec_id="PAPER-" + orders["cl_ord_id"], side=side, last_qty=quantity, last_px=px,
        commission_usd=1.0, venue="PAPER",
    )  # fmt: skip
    parents = orders.assign(
        parent_id=number + 1, strategy="example", strategy_no=1, side=wire_side, wire_qty=quantity * lot,
        slice_qty=999_999,
        unit_size=1.0, limit_px=0, quote_px=px, tick_px=10_000_000, start_ns=stamp + 1_000, end_ns=stamp + 2_000,
        style="child", patch="none", data_version="b3:0", ledger_id="0",
    )[4:]  # fmt: skip
    traded = [4, 4, *range(5, count - 1)]
    parts = np.where(np.arange(len(traded)) < 2, lot, quantity[traded] * lot)
    parts[1] = quantity[4] * lot - lot
    executions = pd.DataFrame({"seq": np.arange(len(traded)), "ts_event": stamp[traded] + 1_000})
    executions = executions.assign(
        parent_id=number[traded] + 1, order_id="A001", kind=TRADE, match_number=executions["seq"] + 1, wire_qty=parts,
        last_px=px[traded], reason="",
    )  # fmt: skip
    late = {"seq": len(traded), "ts_event": 5_000, "parent_id": count, "order_id": "A002", "kind": "rejected_by_risk"}
    refusal = pd.DataFrame([{**late, "match_number": 0, "wire_qty": 0, "last_px": 0, "reason": "R01"}])
    frames = {"executions": pd.concat([executions, refusal], ignore_index=True), "parents": parents, "fills": paper}
    return {name: frame.reset_index(drop=True) for name, frame in frames.items()} | {
        "instruments": instruments_example()
    }


def submit_example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng, 40)
    chosen = bars.iloc[::7].sort_values(["ts_event", "symbol"], ignore_index=True)
    lots = pd.Series(rng.integers(1, 50, len(chosen)) * rng.choice([-1, 1], len(chosen)))
    orders = chosen[["ts_event", "symbol"]].assign(
        cl_ord_id="example-" + chosen["ts_event"].astype("str") + "-" + chosen["symbol"], side=sides(lots),
        order_qty=lots.abs(), ord_type="market", time_in_force="day", reference_price=chosen["close"],
    )  # fmt: skip
    words = {"strategy": "example", "strategy_no": 1, "execution": "native"}
    submission = pd.DataFrame([{**words, "patch": "none", "data_version": "b3:0", "ledger_id": "0"}])
    return {"orders": orders, "bars": bars, "instruments": instruments_example(), "submission": submission}
