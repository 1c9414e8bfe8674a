"""What a run's journal says happened, as tables; and that order session, drop copy and positions say the same."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cws.execution import entries as read
from cws.execution.entries import Execution, Intent
from cws.execution.journal import Journal
from cws.execution.session import Session
from modules.errors import CwsError
from modules.tables import EXECUTIONS

SIGN = {1: 1, 2: -1, 3: -1}


@dataclass(frozen=True)
class Story:
    """A journal's executions in their order, from the order session and from drop copy, each message once.

    `refusals` are risk's own, as (intent, reason): they are decisions, and stand on no session.
    """

    session: list[Execution]
    drop_copy: list[Execution]
    refusals: list[tuple[Intent, int]]

    @cached_property
    def trades(self) -> list[Execution]:
        """Trades in force: what the venue took back is not among them, and a corrected price is the price."""
        return in_force(self.session)


def story(journal: Journal) -> Story:
    told: dict[int, list[Execution]] = {read.EXECUTION: [], read.DROP_COPY: []}
    asked: dict[int, Intent] = {}
    refusals: list[tuple[Intent, int]] = []
    for record in journal.records:
        if record.kind in told:
            told[record.kind].append(read.execution(record))
        elif record.kind == read.INTENT:
            one = read.intent(record)
            asked[one.seq] = one
        elif record.kind == read.DECISION:
            decided = read.decision(record)
            intent = asked.pop(decided.intent_seq, None)
            if decided.reason and intent is not None:
                refusals.append((intent, decided.reason))
    return Story(_once(told[read.EXECUTION]), _once(told[read.DROP_COPY]), refusals)


def _once(executions: Iterable[Execution]) -> list[Execution]:
    """A trade stands once by its match number and order, however often a replay of the session told it."""
    seen: set[tuple[int, int, int]] = set()
    found: list[Execution] = []
    for one in executions:
        key = (one.order_id, one.exec_id, one.kind)
        if one.exec_id and key in seen and one.kind_name != "corrected":
            continue
        seen.add(key)
        found.append(one)
    return found


def in_force(executions: Iterable[Execution]) -> list[Execution]:
    found: dict[tuple[int, int], Execution] = {}
    for one in executions:
        if one.kind_name == "filled":
            found[one.order_id, one.exec_id] = one
        elif one.kind_name == "broken":
            found.pop((one.order_id, one.exec_id), None)
        elif one.kind_name == "corrected" and (one.order_id, one.exec_id) in found:
            key = (one.order_id, one.exec_id)
            found[key] = found[key]._replace(price=one.price)
    return list(found.values())


def positions(trades: Iterable[Execution]) -> dict[tuple[int, int], int]:
    """(strategy number, symbol number) -> signed units of the wire; what is flat is left out."""
    held: Counter[tuple[int, int]] = Counter()
    for one in trades:
        held[one.strategy_no, one.symbol_no] += SIGN[one.side] * one.last_qty
    return {key: units for key, units in sorted(held.items()) if units}


def executions_table(told: Story, session: Session) -> pd.DataFrame:
    """EXECUTIONS: every message about an order of a parent, then risk's own refusals, whose stamp is 0.

    The stamp is that of the message's bar. What was taken back is not there; a corrected one has its last price.
    """
    trades = {(one.order_id, one.exec_id): one for one in told.trades}
    heard = [
        trades.get((one.order_id, one.exec_id)) if one.kind_name == "filled" else one
        for one in told.session
        if one.parent_id and one.kind_name not in ("broken", "corrected")
    ]
    rows = [
        (one.ts_event_ns, one.parent_id, one.order_id, one.kind_name, one.exec_id, one.last_qty, one.price, one.reason)
        for one in heard
        if one is not None
    ]
    rows += [
        (0, one.parent_id, one.order_id, "rejected_by_risk", 0, one.quantity, 0, reason)
        for one, reason in told.refusals
    ]  # fmt: skip
    names = ("ts_event", "parent_id", "order_id", "kind", "match_number", "wire_qty", "last_px", "reason")
    found = pd.DataFrame(rows, columns=list(names))
    stamps = found["ts_event"].to_numpy(dtype=np.int64)
    found = found.assign(
        seq=np.arange(len(rows)), ts_event=np.where(stamps > 0, session.bar_ns(stamps), 0),
        order_id=[read.token(order) for order in found["order_id"]],
        reason=[read.reason_text(reason) for reason in found["reason"]],
    )[list(EXECUTIONS.columns)]  # fmt: skip
    text = ("order_id", "kind", "reason")
    return found.astype({name: "str" if name in text else "int64" for name in found.columns})


def reconcile(told: Story, risk_positions: Mapping[tuple[int, int], int], where: str) -> None:
    """Fills, drop copy and the positions of risk must say the same. Raises CWS-EXECUTION-004 and names the first."""
    by_session, by_copy = (
        {(one.order_id, one.exec_id): (one.last_qty, one.price) for one in trades}
        for trades in (told.trades, in_force(told.drop_copy))
    )
    apart = sorted(key for key in by_session.keys() | by_copy.keys() if by_session.get(key) != by_copy.get(key))
    summed = positions(told.trades)
    held = {key: units for key, units in risk_positions.items() if units}
    elsewhere = sorted(key for key in summed.keys() | held.keys() if summed.get(key, 0) != held.get(key, 0))
    if apart:
        order, match = apart[0]
        what = f"{len(apart)} trades are not on order session and drop copy alike, first {match} of {read.token(order)}"
    elif elsewhere:
        strategy, symbol = elsewhere[0]
        fills, risk = summed.get((strategy, symbol), 0), held.get((strategy, symbol), 0)
        what = f"strategy {strategy} holds {fills} of symbol {symbol} by its fills and {risk} by risk"
    else:
        return
    raise CwsError(
        "CWS-EXECUTION-004",
        what=what,
        where=where,
        fix="nothing was published; the journals and captures of the run say who is right: cws orders",
    )
