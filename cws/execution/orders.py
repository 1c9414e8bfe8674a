"""Every order of a run as its journal tells it: what was asked, what the checks said, what the venue answered."""

from dataclasses import asdict, dataclass
from typing import Any

from cws.execution import entries as read
from cws.execution.journal import Journal

# Until something else is said of it.
ASKED, SENT, REFUSED, PART = "asked", "sent", "rejected_by_risk", "partially_filled"
ENDED = ("filled", "canceled", "replaced")


@dataclass
class Order:
    """Quantities in units of the wire, prices in 1e-9. `state` is where what was said of it leaves it.

    Of one that replaced others, `quantity` includes `filled_before`, which those had traded.
    From `strategy` on: what its parent says, nothing where no parent was registered.
    """

    order_id: str
    parent_id: int
    strategy_no: int
    symbol_no: int
    side: str
    quantity: int
    price: int
    filled: int = 0
    filled_before: int = 0
    state: str = ASKED
    reason: str = ""
    ts_ns: int = 0
    strategy: str = ""
    symbol: str = ""
    patch: str = ""
    data_version: str = ""
    ledger_id: str = ""

    @property
    def row(self) -> dict[str, Any]:
        return asdict(self)


def orders(journal: Journal) -> list[Order]:
    """In the order in which they were asked for."""
    found: dict[int, Order] = {}
    parents: dict[int, read.Parent] = {}
    for record in journal.records:
        match record.kind:
            case read.PARENT:
                parent = read.parent(record)
                parents[parent.parent_id] = parent
            case read.INTENT:
                _asked(found, record.ts_ns, read.intent(record))
            case read.DECISION:
                decided = read.decision(record)
                if decided.order_id in found and decided.reason:
                    _says(found[decided.order_id], REFUSED, decided.reason, record.ts_ns)
            case read.SENT:
                sent = found.get(int.from_bytes(record.payload[:8], "little"))
                if sent is not None and sent.state == ASKED:
                    _says(sent, SENT, 0, record.ts_ns)
            case read.EXECUTION:
                _executed(found, record.ts_ns, read.execution(record))
            case _:
                pass
    for order in found.values():
        _served(order, parents.get(order.parent_id))
    return list(found.values())


def _served(order: Order, parent: read.Parent | None) -> None:
    if parent is not None:
        order.strategy, order.symbol, order.patch = parent.strategy, parent.symbol, parent.patch
        order.data_version, order.ledger_id = parent.data_version, parent.ledger_id


def _asked(found: dict[int, Order], ts_ns: int, one: read.Intent) -> None:
    if one.kind == 2:  # a cancel is about another order and is none itself
        return
    words = (one.strategy_no, one.symbol_no, read.SIDES.get(one.side, "?"), one.quantity, one.price)
    found.setdefault(one.order_id, Order(read.token(one.order_id), one.parent_id, *words, ts_ns=ts_ns))


def _executed(found: dict[int, Order], ts_ns: int, one: read.Execution) -> None:
    """What is told late does not open what has ended: a trade after the cancel, an answer after the trade."""
    order = found.get(one.order_id)
    if order is None:
        return
    match one.kind_name:
        case "filled":
            order.filled = one.cum_qty or order.filled + one.last_qty
            whole = order.filled + order.filled_before >= order.quantity
            part = order.state if order.state in ENDED else PART
            _says(order, "filled" if whole else part, 0, ts_ns)
        case "broken":
            order.filled = one.cum_qty
            _says(order, "canceled" if order.state == "filled" else order.state, one.reason, ts_ns)
        case "accepted":
            answered = order.state in ENDED or order.state == PART
            _says(order, order.state if answered else one.kind_name, 0, ts_ns)
        case "replaced":
            old = found.get(one.orig_order_id)
            if old is not None:
                order.filled_before = old.filled_before + old.filled
                _says(old, one.kind_name, 0, ts_ns)
            _says(order, PART if order.filled else "accepted", 0, ts_ns)
        case "canceled":
            _says(order, order.state if one.leaves_qty else one.kind_name, one.reason, ts_ns)
        case "session_event" | "cancel_rejected" | "corrected":
            pass
        case other:
            _says(order, other, one.reason, ts_ns)


def _says(order: Order, state: str, reason: int, ts_ns: int) -> None:
    order.state, order.reason, order.ts_ns = state, read.reason_text(reason) or order.reason, ts_ns
