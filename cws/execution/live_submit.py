"""The newest targets, handed to the gateway that `cws gateway up` keeps up, where one runs.

History is executed in a day of its own (`cws.execution.submit`), and its fills are the run's result. What is due at the
newest bar also goes live. It is worked from now on until the venue's day ends, whoever asked may end long before.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cws.execution.desk import Progress
from cws.execution.patience import RESTART_S, SILENT, patient_answer
from cws.execution.places import Place, asked, is_up, live, market
from modules.execute.gateway_submit import parent_ids
from modules.execute.order_side import SELL
from modules.execute.short_sales import SELL_SHORT

if TYPE_CHECKING:
    from cws.house import House

OPEN = ("pending", "working", "canceling")
# The id is there with other words: the same targets, sized by another ledger entry, or sold when less was held.
OTHER_WORDS = ("CWS-RISK-011", "CWS-PARENT-001")
QUESTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("cws-gateway", {"cmd": "parents"}), ("cws-risk", {"cmd": "positions"}),
)  # fmt: skip


def hand_over(house: "House", due: pd.DataFrame, progress: Progress) -> dict[str, Any] | None:
    """What became of each of the parents that are DUE: `taken`, `known` (it was there: nothing is worked twice),
    `refused`, or `unknown` where the gateway did not answer and may work it yet.

    None where no gateway is kept up. A refusal is no error of the run: `why` says the first. One caller at a time:
    what the first sells, the second does not hold.
    """
    place = live(house.home)
    if not len(due) or not is_up(place):
        return None
    progress(f"{len(due)} parents to the running gateway")
    due = due.assign(parent_id=live_ids(due))
    names = {symbol: name for symbol, (name, _) in market(place).items()}
    # Parents before positions: what fills meanwhile counts twice, and is sold short rather than sold unheld.
    parents, positions = (_answer(place, *question) for question in QUESTIONS)
    silent = next((_said(one) for one in (parents, positions) if not one["ok"]), "")
    there = {int(row["parent_id"]): row for row in parents.get("parents", [])}
    free = _free(there, positions.get("positions", []), set(due["parent_id"]))
    outcomes = list[tuple[str, str]]()
    for row in due.to_dict("records"):
        request = _request({str(name): value for name, value in row.items()}, names, free)
        outcomes.append(("refused", silent) if silent else _given(place, request, there))
        # Others wait for this caller: a process that does not answer is not asked again.
        silent = silent or (outcomes[-1][1] if outcomes[-1][1].startswith(SILENT) else "")
    counts = Counter(word for word, _ in outcomes)
    why = next((said for _, said in outcomes if said), "")
    words = ("taken", "known", "refused", "unknown")
    return {"parents": len(due), **{word: counts[word] for word in words}, "why": why}


def _said(answer: Mapping[str, Any]) -> str:
    return f"{answer['code']}: {answer['what']} [{answer['where']}]"


def _answer(place: Place, name: str, request: dict[str, object]) -> dict[str, Any]:
    down = {"ok": False, "code": SILENT, "what": "nobody starts it", "where": name}
    return patient_answer(place, name, request, RESTART_S) or down


def live_ids(due: pd.DataFrame) -> pd.Series:
    """Ids that say nothing of the data: a day later, or with a bar corrected, the same order is still the same, and was
    handed over.
    """
    return parent_ids(due.assign(data_version="live"))


def _free(
    there: Mapping[int, Mapping[str, Any]], held: Sequence[Mapping[str, Any]], new: Container[int]
) -> Counter[tuple[int, str]]:
    """(strategy number, the wire's symbol) -> units that the live gateway holds, less what open parents still sell."""
    free = Counter({(int(row["strategy_no"]), str(row["symbol"])): int(row["position"]) for row in held})
    for number, row in there.items():
        if row["state"] in OPEN and row["side"] == SELL and number not in new:
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


def _given(place: Place, request: dict[str, object], there: Container[object]) -> tuple[str, str]:
    """First risk, then the gateway: a parent that risk does not know has no child."""
    known = False
    for name in ("cws-risk", "cws-gateway"):
        answer = asked(place, name, request)
        if not answer["ok"]:
            why = _said(answer)
            if answer["code"] == SILENT and name == "cws-gateway":
                return "unknown", why  # it may lie in the socket, to be worked when the gateway looks
            if answer["code"] not in OTHER_WORDS:
                return "refused", why
            if name == "cws-risk" and request["parent_id"] not in there:
                return "refused", f"{why}; and the gateway has none: what it took now, risk would refuse"
        known = not answer["ok"] or bool(answer.get("known"))
    return ("known" if known else "taken"), ""
