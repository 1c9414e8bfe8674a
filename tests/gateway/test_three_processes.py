"""Venue, risk and gateway on loopback: a parent order becomes real wire bytes and comes back filled."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from all_agree import told_all
from three_processes import BUILT, World, until

from cws.execution import entries
from cws.execution.journal import read_journal

pytestmark = BUILT

STEP_NS = 1_000_000_000
CANCEL = 2
MOVING = {"kind": "synthetic", "opening_orders": 20, "live_orders_max": 500, "move_chance": 0.05}
Start = Callable[..., World]


def quotes(start_ns: int, count: int) -> list[str]:
    """Offers of 100 at 100.00, 100.01, ... a second apart, and one bid far below."""
    first = f"{start_ns},ABC,add,B,90.00,100,1"
    offers = (f"{start_ns + n * STEP_NS},ABC,add,S,{100 + n / 100:.2f},100,{n + 2}" for n in range(count))
    return [first, *offers]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    worlds: list[World] = []

    def one(name: str, mode: str = "lockstep", count: int = 10, **settings: Any) -> World:
        day_start_ns = World.day_start_ns(mode)
        world = World(tmp_path / name, mode, quotes(day_start_ns, count), **settings)
        worlds.append(world)
        world.start_all()
        return world

    yield one
    for world in worlds:
        world.stop_all()


def end_of_day(world: World) -> dict[str, Any]:
    """Begin, and what everybody says when the day is over."""
    assert world.ask("gateway", cmd="begin")["ok"]
    until(lambda: world.ask("gateway", cmd="status")["lockstep"]["finished"], world.log("gateway"))
    # The day ends by the order session; drop copy is a line of its own.
    until(lambda: told_all(world), "drop copy says the same")
    return {
        "parents": world.ask("gateway", cmd="parents")["parents"],
        "orders": world.ask("gateway", cmd="orders")["orders"],
        "positions": world.ask("risk", cmd="positions")["positions"],
        "bytes": world.ask("venue", cmd="status")["sessions"]["RISK01"]["hash"],
        "market": world.ask("venue", cmd="status")["market_hash"],
    }


def busy_day(world: World) -> dict[str, Any]:
    """Two parents that rest and one that takes, against a market that moves."""
    end_ns = world.start_ns + 4 * STEP_NS
    world.parent(1, quantity=2_000, end_ns=end_ns)
    world.parent(2, quantity=2_000, end_ns=end_ns, style="peg")
    world.parent(3, quantity=500, end_ns=end_ns, style="child passive", limit_price=99_900_000_000)
    return end_of_day(world)


def test_a_lockstep_day_fills_a_parent_the_same_way_twice(start: Start) -> None:
    def day(world: World) -> dict[str, Any]:
        world.parent(7, end_ns=world.start_ns + 5 * STEP_NS)
        return end_of_day(world)

    world = start("first")
    told = day(world)
    parent = told["parents"][0]
    assert (parent["state"], parent["cum"], parent["open"]) == ("filled", 300, 0), (parent, world.log("gateway"))
    assert (parent["patch"], parent["data_version"], parent["ledger_id"]) == ("p1", "d1", "l1")
    assert sum(order["cum"] for order in told["orders"]) == 300
    assert [(row["symbol"], row["position"]) for row in told["positions"]] == [("ABC", 300)]
    status = world.ask("gateway", cmd="status")
    assert status["oms"]["illegal"] == status["noted"] == status["capture"]["dropped"] == 0, status["notes"]
    assert world.stop_all() == {"gateway": 0, "risk": 0, "venue": 0}
    assert day(start("second")) == told


def test_a_busy_lockstep_day_is_the_same_twice(start: Start) -> None:
    first, second = (busy_day(start(name, flow=MOVING, duration_s=5)) for name in ("first", "second"))
    assert sum(parent["cum"] for parent in first["parents"]) > 0 and len(first["orders"]) > 20
    assert sum(parent["cum"] for parent in first["parents"]) == first["positions"][0]["position"]
    assert first == second


def test_a_lockstep_day_goes_on_after_a_kill(start: Start) -> None:
    world = start("killed", flow=MOVING, duration_s=60)
    world.parent(1, quantity=2_000, end_ns=world.start_ns + 50 * STEP_NS, style="peg")
    assert world.ask("gateway", cmd="begin")["begun"]
    until(lambda: world.ask("gateway", cmd="orders")["total"] > 3, world.log("gateway"))
    world.stop("gateway", "kill")
    held_up = world.ask("venue", cmd="status")["published"]
    world.start("gateway")
    told = end_of_day(world)
    assert world.ask("venue", cmd="status")["published"] > held_up
    assert [row["position"] for row in told["positions"]] == [parent["cum"] for parent in told["parents"]]
    ids = [order["order_id"] for order in told["orders"]]
    assert len(set(ids)) == len(ids) and {one[:4] for one in ids} == {"H001", "H002"}


def test_a_free_running_parent_is_filled_and_counted(start: Start) -> None:
    world = start("free", "free", flow=MOVING)
    world.parent(7)
    until(lambda: world.ask("gateway", cmd="parents")["parents"][0]["state"] == "filled", world.log("gateway"))
    # Only now: its offers would meet the other's bids at the touch, and eight refusals in a row end it as rejected.
    world.parent(8, side="sell_short", quantity=200, end_ns=0, style="peg")
    for latency in ("tick_to_intent_ns", "tick_to_ack_ns"):
        until(lambda one=latency: world.ask("gateway", cmd="status")["latency"][one]["count"] > 0, world.log("gateway"))
    assert world.ask("gateway", cmd="cancel_parent", parent_id=8)["ok"]
    until(lambda: world.ask("gateway", cmd="parents")["parents"][1]["state"] == "canceled", world.log("gateway"))
    assert world.ask("gateway", cmd="status")["risk"]["state"] == "ACTIVE"


@pytest.mark.parametrize("keeps_its_journal", [True, False])
def test_a_killed_gateway_goes_on_where_it_stood(start: Start, keeps_its_journal: bool) -> None:
    """Without its journal it knows what was out and not what was cancelled: it works none of that."""
    world = start("killed", "free", flow=MOVING)
    # More than the market takes before the kill: what is left is worked by the second life.
    world.parent(7, quantity=4_000, style="peg", slice_quantity=100)
    until(lambda: world.ask("gateway", cmd="orders", open=True)["orders"], world.log("gateway"))
    world.stop("gateway", "kill")
    if not keeps_its_journal:
        (world.folder / "gateway.journal").unlink()
    world.start("gateway")
    assert world.ask("gateway", cmd="status")["epoch"] == 2

    def of_the_first_life() -> list[str]:
        orders = world.ask("gateway", cmd="orders", open=True)["orders"]
        return [order["order_id"] for order in orders if order["order_id"].startswith("H001")]

    until(lambda: not of_the_first_life(), world.log("gateway"))

    def of_the_second_life() -> bool:
        return any(one["order_id"].startswith("H002") for one in world.ask("gateway", cmd="orders")["orders"])

    def state() -> str:
        return str(world.ask("gateway", cmd="parents")["parents"][0]["state"])

    until(of_the_second_life if keeps_its_journal else lambda: state() == "canceled", world.log("gateway"))
    assert keeps_its_journal == of_the_second_life()
    parent = world.ask("gateway", cmd="parents")["parents"][0]
    assert parent["cum"] + parent["open"] <= 4_000 and parent["ledger_id"] == "l1"
    ids = [order["order_id"] for order in world.ask("gateway", cmd="orders")["orders"]]
    assert len(ids) == len(set(ids))


def cancelled(world: World) -> list[str]:
    """Orders that risk was asked to cancel."""
    records = read_journal(world.folder / "risk.journal").records
    intents = [entries.intent(record) for record in records if record.kind == entries.INTENT]
    return [entries.token(one.orig_order_id) for one in intents if one.kind == CANCEL]


def test_what_has_traded_is_not_cancelled(start: Start) -> None:
    world = start("traded", flow=MOVING, duration_s=5)
    for parent_id in range(1, 21):
        world.parent(parent_id, quantity=2, slice_quantity=1, end_ns=world.start_ns + 4 * STEP_NS)
    told = end_of_day(world)
    assert {one["state"] for one in told["parents"]} == {"filled"} and len(told["orders"]) >= 40
    assert cancelled(world) == []


def test_more_parents_than_slots_are_worked_one_after_the_other(start: Start, tmp_path: Path) -> None:
    world = World(tmp_path / "slots", "free", [], flow=MOVING)
    settings = world.folder / "gateway.toml"
    settings.write_text(settings.read_text().replace("[hot]\n", "[hot]\nparents = 2\n"))
    try:
        world.start_all()

        def states() -> list[str]:
            return [one["state"] for one in world.ask("gateway", cmd="parents")["parents"]]

        for parent_id in range(1, 11):
            world.parent(parent_id, quantity=2, slice_quantity=1)
            until(lambda wanted=parent_id: states() == ["filled"] * wanted, world.log("gateway"))
        for parent_id in (11, 12):  # They rest far below whatever the others take.
            world.parent(parent_id, quantity=100_000, style="peg", limit_price=1_000_000_000)
        until(lambda: states()[10:] == ["working"] * 2, world.log("gateway"))
        for parent_id in (13, 14):
            world.parent(parent_id, quantity=2, slice_quantity=1)
        assert world.ask("gateway", cmd="status")["oms"]["without_a_slot"] == 2, "two work, the others wait"
        assert world.ask("gateway", cmd="cancel_parent", parent_id=11)["ok"]
        until(lambda: states()[12:] == ["filled"] * 2, world.log("gateway"))
        status = world.ask("gateway", cmd="status")
        assert status["oms"]["without_a_slot"] == status["noted"] == 0, status["notes"]
    finally:
        world.stop_all()


def test_what_risk_has_open_and_no_journal_tells_of_is_cancelled(start: Start) -> None:
    """An old copy of the gateway's journal is put back: the order that rests is risk's and the venue's alone."""
    world = start("strays", "free", flow=MOVING)
    journal = world.folder / "gateway.journal"
    before = journal.read_bytes()
    world.parent(7, quantity=100, style="peg", slice_quantity=100, limit_price=1_000_000_000)

    def open_at_risk() -> list[str]:
        return [one["token"] for one in world.ask("risk", cmd="open_orders")["open_orders"]]

    until(open_at_risk, world.log("gateway"))
    (stray,) = open_at_risk()
    world.stop("gateway", "kill")
    journal.write_bytes(before)
    world.start("gateway")
    until(lambda: stray not in open_at_risk(), world.log("gateway"))

    def ended_here() -> bool:
        orders = world.ask("gateway", cmd="orders")["orders"]
        return [one["state"] for one in orders if one["order_id"] == stray] == ["Canceled"]

    until(ended_here, "the gateway heard of its end")
    status = world.ask("gateway", cmd="status")
    assert "CWS-GATEWAY-005" in [note["code"] for note in status["notes"]], status["notes"]
    assert status["oms"]["adopted"] == 1 and status["oms"]["strangers"] == 0
    assert cancelled(world) == [stray], "it went through risk, like all that leaves"


def settle(world: World, parent_ids: Sequence[int]) -> None:
    """Cancels the parents, waits until nothing is open, and compares what everybody holds."""
    for parent_id in parent_ids:
        assert world.ask("gateway", cmd="cancel_parent", parent_id=parent_id)["ok"]
    until(lambda: not world.ask("gateway", cmd="orders", open=True)["orders"], world.log("gateway"))

    until(lambda: told_all(world), "drop copy says the same")
    assert world.ask("risk", cmd="open_orders")["count"] == 0

    def adds_up() -> bool:
        """A fill that was late is with risk first."""
        parents = world.ask("gateway", cmd="parents")["parents"]
        positions = world.ask("risk", cmd="positions")["positions"]
        return sum(one["cum"] for one in parents) == sum(one["position"] for one in positions) > 0

    until(adds_up, "gateway and risk hold the same")
    oms = world.ask("gateway", cmd="status")["oms"]
    assert oms["overfills"] == oms["strangers"] == oms["malformed"] == oms["contradictions"] == 0


def test_faults_of_the_venue_leave_nothing_unexplained(start: Start) -> None:
    chances = {"drop": 0.02, "duplicate": 0.02, "reorder": 0.02, "fill_before_ack": 0.2, "duplicate_execution": 0.2}
    world = start("faults", "free", flow=MOVING, faults={**chances, "late_fill": 0.1, "late_fill_ms": 50})
    world.parent(1, quantity=100_000, style="peg")
    world.parent(2, quantity=100_000)
    until(lambda: world.ask("gateway", cmd="status")["oms"]["fills"] > 20, world.log("gateway"))
    assert world.ask("venue", cmd="disconnect")["ok"]
    until(lambda: world.ask("risk", cmd="status")["session"]["state"] == "Up", "risk logs in again")
    settle(world, (1, 2))


def test_a_feed_that_is_late_and_garbled_and_a_venue_that_serves_slowly_lose_nothing(start: Start) -> None:
    chances = {"delay": 0.05, "delay_ms": 5, "garble": 0.02, "throttle_per_s": 50}
    world = start("slow", "free", flow=MOVING, faults=chances)
    world.parent(1, quantity=100_000, style="peg")
    world.parent(2, quantity=100_000)
    until(lambda: world.ask("gateway", cmd="status")["oms"]["fills"] > 20, world.log("gateway"))
    counts = world.ask("venue", cmd="fault")["counts"]
    assert counts["delay"] > 0 < counts["garble"], counts
    settle(world, (1, 2))


def test_a_killed_strategy_leaves_what_rests_for_another_alone(start: Start) -> None:
    world = start("apart", "free", flow=MOVING)
    who = {"who": "a test", "reason": "drill"}
    assert world.ask("risk", cmd="kill", scope="strategy", name="other", **who)["ok"]
    world.parent(1, quantity=100, style="peg", slice_quantity=100, limit_price=1_000_000_000)

    def rests() -> list[str]:
        orders = world.ask("risk", cmd="open_orders")["open_orders"]
        return [one["token"] for one in orders if one["state"] == "LIVE"]

    until(rests, world.log("gateway"))
    resting = rests()
    world.parent(2, quantity=1_000, strategy="other", strategy_no=2)
    until(lambda: world.ask("risk", cmd="status")["refused"].get("R16", 0) > 3, world.log("gateway"))
    assert rests() == resting and world.ask("risk", cmd="status")["cancels_sent"] == 0
