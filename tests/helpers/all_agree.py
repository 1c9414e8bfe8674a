"""After whatever happened to the three processes: nothing lost, nothing twice, everybody holds the same."""

from three_processes import World, until
from venue_journal import entered

from cws.execution import entries as read
from cws.execution.collect import positions, reconcile, story
from cws.execution.journal import Journal, read_journal

# Behind order id, the id that it is about, their message's length, and the head of SoupBinTCP.
OUCH_KIND = 21
CONCLUDED = {"accepted", "filled", "canceled", "replaced", "rejected_by_risk", "rejected_by_venue", "not_at_venue"}


def all_agree(world: World) -> dict[str, int]:
    """Cancels all parents, waits until nothing is open, compares venue, journal, risk and gateway; gives counts."""
    for parent in world.ask("gateway", cmd="parents")["parents"]:
        assert world.ask("gateway", cmd="cancel_parent", parent_id=parent["parent_id"])["ok"]
    until(lambda: not world.ask("gateway", cmd="orders", open=True)["orders"], world.log("gateway"))
    until(lambda: world.ask("risk", cmd="open_orders")["count"] == 0, world.log("risk"))
    until(lambda: told_all(world), "drop copy says the same")
    held = {
        (one["strategy_no"], one["symbol_no"]): one["position"]
        for one in world.ask("risk", cmd="positions")["positions"]
    }
    parents = world.ask("gateway", cmd="parents")["parents"]
    oms = world.ask("gateway", cmd="status")["oms"]
    assert oms["overfills"] == oms["strangers"] == oms["malformed"] == oms["contradictions"] == 0, oms
    journal = read_journal(world.folder / "risk.journal")
    told = story(journal)
    reconcile(told, held, str(world.folder))
    signed = {parent["parent_id"]: parent["cum"] for parent in parents}
    by_parent = dict.fromkeys(signed, 0)
    for trade in told.trades:
        by_parent[trade.parent_id] += trade.last_qty
    assert by_parent == signed, "the gateway counts what the venue said"
    tokens = entered(world.folder)
    assert len(set(tokens)) == len(tokens), "sent twice"
    _every_order_is_known(journal, world, tokens)
    return {"orders": len(tokens), "trades": len(told.trades), "held": sum(positions(told.trades).values())}


def told_all(world: World) -> bool:
    """Drop copy has told of every fill that the order session told of, and of no other."""
    copy = world.ask("risk", cmd="drop_copy")
    return copy["only_order_session"] == copy["only_drop_copy"] == []


def _every_order_is_known(journal: Journal, world: World, tokens: list[str]) -> None:
    """What arrived was journaled before it left; what was acknowledged or left without an answer has an end."""
    kept = [record.payload for record in journal.records if record.kind == read.SENT]
    # A cancel is about an order and is none itself.
    sent = {
        read.token(int.from_bytes(one[:8], "little")) for one in kept if one[OUCH_KIND : OUCH_KIND + 1] in (b"O", b"U")
    }
    assert set(tokens) <= sent, "left without a record"
    told = [read.execution(record) for record in journal.records if record.kind == read.EXECUTION]
    kinds: dict[str, list[str]] = {}
    for one in told:
        kinds.setdefault(read.token(one.order_id), []).append(one.kind_name)
    assert set(tokens) <= kinds.keys(), "the venue has an order of which nothing was heard"
    left = sent - {read.token(0)}  # of a cancel
    taken_back = {token for token, said in kinds.items() if "rejected_by_risk" in said}
    assert not taken_back & set(tokens), "a kill took it back, and the venue has it"
    lost = [
        token for token in left & kinds.keys() if kinds[token][-1] == "unknown" or not CONCLUDED & set(kinds[token])
    ]
    assert not lost, lost
    newest = world.ask("gateway", cmd="orders")["orders"]
    known = {one["order_id"].strip() for one in newest}
    accepted = [token for token, said in kinds.items() if "accepted" in said and token in set(tokens)]
    assert set(accepted[-len(newest) // 2 :]) <= known, "acknowledged, and the gateway does not know it"
