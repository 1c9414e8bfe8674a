"""The newest targets, handed to the gateway that `cws gateway up` keeps up, where one runs.

History is executed in a day of its own (`cws.execution.submit`), and its fills are the run's result. What is due at the
newest bar also goes live. It is worked from now on until the venue's day ends, whoever asked may end long before.
"""

from collections import Counter
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cws.execution.desk import Progress
from cws.execution.places import Place, asked, live, market, processes
from modules.execute.order_side import SELL
from modules.execute.short_sales import SELL_SHORT

if TYPE_CHECKING:
    from cws.house import House

OPEN = ("pending", "working", "canceling")
# The id is there with other words: the same targets, sized by another ledger entry, or sold when less was held.
KNOWN = ("CWS-RISK-011", "CWS-PARENT-001")


def hand_over(house: "House", parents: pd.DataFrame, progress: Progress) -> dict[str, Any] | None:
    """What became of each of the newest PARENTS: `taken`, `known` (it was there: nothing is worked twice), `refused`.

    None where no gateway runs. A refusal is no error of the run: `why` says the first. One caller at a time: what the
    first sells, the second does not hold.
    """
    place = live(house.home)
    if not len(parents) or not all(processes(place).values()):
        return None
    newest = parents[parents["start_ns"] == parents["start_ns"].max()]
    progress(f"{len(newest)} parents to the running gateway")
    names = {symbol: name for symbol, (name, _) in market(place).items()}
    held = _free(place, set(newest["parent_id"]))
    outcomes = [_given(place, _request(row, names, held)) for row in newest.to_dict("records")]
    counts = Counter(word for word, _ in outcomes)
    why = next((said for word, said in outcomes if word == "refused"), "")
    return {"parents": len(newest), **{word: counts[word] for word in ("taken", "known", "refused")}, "why": why}


def _free(place: Place, new: Container[int]) -> Counter[tuple[int, str]]:
    """(strategy number, the wire's symbol) -> units that the live gateway holds, less what open parents still sell.

    Open parents are asked for first: what fills meanwhile counts twice, and is sold short rather than sold unheld.
    """
    parents = asked(place, "cws-gateway", {"cmd": "parents"}).get("parents", [])
    rows = asked(place, "cws-risk", {"cmd": "positions"}).get("positions", [])
    free = Counter({(int(row["strategy_no"]), str(row["symbol"])): int(row["position"]) for row in rows})
    for row in parents:
        if row["state"] in OPEN and row["side"] == SELL and int(row["parent_id"]) not in new:
            free[int(row["strategy_no"]), str(row["symbol"])] -= int(row["leaves"])
    return free


def _request(row: Mapping[str, Any], names: Mapping[str, str], held: Counter[tuple[int, str]]) -> dict[str, object]:
    """No time of day is in it: that would make the same parent another order. What is not held here is sold short."""
    symbol = names.get(row["symbol"], row["symbol"])
    side, owner = row["side"], (row["strategy_no"], symbol)
    if side == SELL:
        side = SELL if held[owner] >= row["wire_qty"] else SELL_SHORT
        held[owner] -= row["wire_qty"]
    return {
        "cmd": "parent", "parent_id": row["parent_id"], "strategy": row["strategy"], "strategy_no": row["strategy_no"],
        "symbol": symbol, "side": side, "quantity": row["wire_qty"],
        "limit_price": row["limit_px"], "style": row["style"], "slice_quantity": row["slice_qty"], "start_ns": 0,
        "end_ns": 0, "patch": row["patch"], "data_version": row["data_version"], "ledger_id": row["ledger_id"],
    }  # fmt: skip


def _given(place: Place, request: dict[str, object]) -> tuple[str, str]:
    """First risk, then the gateway: a parent that risk does not know has no child."""
    known = False
    for name in ("cws-risk", "cws-gateway"):
        answer = asked(place, name, request)
        if not answer["ok"] and answer["code"] not in KNOWN:
            return "refused", f"{answer['code']}: {answer['what']}"
        known = not answer["ok"] or bool(answer.get("known"))
    return ("known" if known else "taken"), ""
