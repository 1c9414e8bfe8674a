"""After whatever happened to the three processes: nothing lost, nothing twice, everybody holds the same."""

from three_processes import World, until
from venue_journal import entered

from cws.execution import entries as read
from cws.execution.collect import positions, reconcile, story
from cws.execution.journal import Journal, read_journal

CONCLUDED = {"accepted", "filled", "canceled", "replaced", "rejected_by_venue", "not_at_venue"}


def all_agree(world: World) -> dict[str, int]:
    """Cancels all parents, waits until nothing is open, compares venue, journal, risk and gateway; gives counts."""
    for parent in world.ask("gateway", cmd="parents")["parents"]:
        assert world.ask("gateway", cmd="cancel_parent", parent_id=parent["parent_id"])["ok"]
    until(lambda: not world.ask("gateway", cmd="orders", open=True)["orders"], world.log("gateway"))
    until(lambda: world.ask("risk", cmd="open_orders")["count"] == 0, world.log("risk"))
    until(lambda: _told_all(world), "drop copy says the same")
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


def _told_all(world: World) -> bool:
    copy = world.ask("risk", cmd="drop_copy")
    return copy["only_order_session"] == copy["only_drop_copy"] == []


def _every_order_is_known(journal: Journal, world: World, tokens: list[str]) -> None:
    """What arrived was journaled before it left; what was acknowledged or left without an answer has an end."""
    sent = {read.token(int.from_bytes(one.payload[:8], "little")) for one in journal.records if one.kind == read.SENT}
    assert set(tokens) <= sent, "left without a record"
    told = [read.execution(record) for record in journal.records if record.kind == read.EXECUTION]
    kinds: dict[str, list[str]] = {}
    for one in told:
        kinds.setdefault(read.token(one.order_id), []).append(one.kind_name)
    assert set(tokens) <= kinds.keys(), "the venue has an order of which nothing was heard"
    lost = [token for token, said in kinds.items() if said[-1] == "unknown" or not CONCLUDED & set(said)]
    assert not [token for token in lost if token in sent], lost
    newest = world.ask("gateway", cmd="orders")["orders"]
    known = {one["order_id"].strip() for one in newest}
    accepted = [token for token, said in kinds.items() if "accepted" in said and token in set(tokens)]
    assert set(accepted[-len(newest) // 2 :]) <= known, "acknowledged, and the gateway does not know it"
