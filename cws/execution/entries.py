"""What the records of a journal say: parents, executions, drop copy, kills, rearms, states. One function a kind.

The fields stand in `gateway/crates/journal/src/entry.rs` and `gateway/crates/abi/src/records.rs`, in this order.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cws.execution.journal import Record
from modules.errors import CwsError

START, EPOCH, PARENT, INTENT, DECISION, SENT, EXECUTION, DROP_COPY, LIMITS, KILL, REARM, SESSION, STATE = range(1, 14)
CANCEL_PARENT, MARK, DAY, DIFFERENCE = range(14, 18)
KINDS = {
    START: "start", EPOCH: "epoch", PARENT: "parent", INTENT: "intent", DECISION: "decision", SENT: "sent",
    EXECUTION: "execution", DROP_COPY: "drop_copy", LIMITS: "limits", KILL: "kill", REARM: "rearm",
    SESSION: "session", STATE: "state", CANCEL_PARENT: "cancel_parent", MARK: "mark", DAY: "day",
    DIFFERENCE: "difference",
}  # fmt: skip
EXEC_KINDS = {
    1: "accepted", 2: "rejected_by_risk", 3: "rejected_by_venue", 4: "filled", 5: "canceled", 6: "replaced",
    7: "cancel_rejected", 8: "unknown", 9: "not_at_venue", 10: "session_event", 11: "broken",
    12: "corrected",
}  # fmt: skip
FILLED, BROKEN = "filled", "broken"
SCOPES = {1: "firm", 2: "venue", 3: "strategy"}
TRIGGERS = {1: "own_checks", 2: "command", 3: "dead_man"}
STATES = {1: "ACTIVE", 2: "REDUCING", 3: "HALTED"}
SIDES = {1: "buy", 2: "sell", 3: "sell_short"}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VENUE_REASON = 0x100
_EXECUTION = struct.Struct("<7QQ4q3H2B3Q")
_INTENT = struct.Struct("<5Q2q2H4B")
_DECISION = struct.Struct("<QQH")
_PARENT = struct.Struct("<QHHBqqqQQ")
_LIMITS = struct.Struct("<Q32s")


class Execution(NamedTuple):
    """One sequenced message of the order session, or a refusal by risk itself. Prices in 1e-9, times UTC ns."""

    seq: int
    order_id: int
    parent_id: int
    orig_order_id: int
    exec_id: int
    venue_seq: int
    ts_recv_ns: int
    ts_event_ns: int
    price: int
    last_qty: int
    cum_qty: int
    leaves_qty: int
    symbol_no: int
    strategy_no: int
    reason: int
    kind: int
    side: int
    ts_trigger_ns: int
    reserved: int
    reserved_2: int

    @property
    def kind_name(self) -> str:
        return EXEC_KINDS.get(self.kind, f"kind {self.kind}")


class Intent(NamedTuple):
    seq: int
    order_id: int
    parent_id: int
    orig_order_id: int
    ts_recv_ns: int
    price: int
    quantity: int
    symbol_no: int
    strategy_no: int
    kind: int
    side: int
    terms: int
    version: int


class Decision(NamedTuple):
    """`reason` 0 is yes, 1 to 23 the check that refused."""

    intent_seq: int
    order_id: int
    reason: int


class Parent(NamedTuple):
    """What a child's order serves: the ids that it carries stand here, in full."""

    parent_id: int
    strategy_no: int
    symbol_no: int
    side: int
    quantity: int
    limit_price: int
    slice_quantity: int
    start_ns: int
    end_ns: int
    strategy: str
    symbol: str
    style: str
    patch: str
    data_version: str
    ledger_id: str


class Kill(NamedTuple):
    scope: str
    trigger: str
    name: str
    who: str
    reason: str


class Rearm(NamedTuple):
    scope: str
    name: str
    who: str
    reason: str


def execution(record: Record) -> Execution:
    """Of a record of kind EXECUTION or DROP_COPY."""
    return Execution._make(_whole(record, _EXECUTION))


def intent(record: Record) -> Intent:
    return Intent._make(_whole(record, _INTENT))


def decision(record: Record) -> Decision:
    return Decision._make(_whole(record, _DECISION))


def kill(record: Record) -> Kill:
    scope, trigger = _word(record, 0, SCOPES), _word(record, 1, TRIGGERS)
    return Kill(scope, trigger, *_texts(record, 2, 3))


def rearm(record: Record) -> Rearm:
    return Rearm(_word(record, 0, SCOPES), *_texts(record, 1, 3))


def state(record: Record) -> tuple[str, str]:
    """(ACTIVE, REDUCING or HALTED; why)."""
    return _word(record, 0, STATES), _texts(record, 1, 1)[0]


def limits(record: Record) -> tuple[int, str]:
    """(version, hex hash) of a limits file that was taken."""
    version, digest = _whole(record, _LIMITS)
    return version, digest.hex()


def start(record: Record) -> tuple[str, str]:
    """(hex build hash, version) of the process that wrote from here on."""
    return record.payload[:32].hex(), _texts(record, 32, 1)[0]


def parent(record: Record) -> Parent:
    front = record.payload[: _PARENT.size]
    if len(front) != _PARENT.size:
        raise _unread(record, f"{len(front)} bytes, at least {_PARENT.size} expected")
    return Parent(*_PARENT.unpack(front), *_texts(record, _PARENT.size, 6))


def reason_text(reason: int) -> str:
    """`R07`, `venue Z`, or nothing."""
    if reason >= _VENUE_REASON:
        return f"venue {chr(reason - _VENUE_REASON)}"
    return f"R{reason:02d}" if reason else ""


def token(order_id: int) -> str:
    """The order's token on the wire: region, epoch and counter, the last two in base 36."""
    return f"{chr(order_id >> 56)}{_base36(order_id >> 40 & 0xFFFF, 3)}{_base36(order_id & (1 << 40) - 1, 8)}"


def _base36(number: int, places: int) -> str:
    digits = ""
    for _ in range(places):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def _word(record: Record, at: int, words: Mapping[int, str]) -> str:
    number = record.payload[at] if at < len(record.payload) else -1
    if number not in words:
        raise _unread(record, f"{number} is none of {list(words)}")
    return words[number]


def _whole(record: Record, shape: struct.Struct) -> tuple[Any, ...]:
    if len(record.payload) != shape.size:
        raise _unread(record, f"{len(record.payload)} bytes, {shape.size} expected")
    return shape.unpack(record.payload)


def _texts(record: Record, at: int, count: int) -> list[str]:
    found: list[str] = []
    for _ in range(count):
        length = int.from_bytes(record.payload[at : at + 2], "little")
        found.append(record.payload[at + 2 : at + 2 + length].decode("utf-8", "replace"))
        at += 2 + length
    if at != len(record.payload):
        raise _unread(record, "its texts do not fill it")
    return found


def _unread(record: Record, what: str) -> CwsError:
    return CwsError(
        "CWS-JOURNAL-003",
        what=f"a record of kind {KINDS.get(record.kind, record.kind)} cannot be read: {what}",
        where=f"journal, seq {record.seq}",
        fix="binaries and this package are of different versions: make run builds both",
    )


READERS: dict[int, Callable[[Record], object]] = {
    EXECUTION: execution, DROP_COPY: execution, INTENT: intent, DECISION: decision, KILL: kill, REARM: rearm,
    STATE: state, LIMITS: limits, START: start,
    PARENT: parent,
}  # fmt: skip
