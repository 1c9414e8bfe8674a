"""Venue, risk and gateway on loopback: a parent order becomes real wire bytes and comes back filled."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from three_processes import World, binaries, until

pytestmark = pytest.mark.skipif(binaries() is None, reason="the three native binaries are not built")

STEP_NS = 1_000_000_000
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


def lockstep_day(world: World) -> dict[str, Any]:
    """One parent of 300 over five seconds; what everybody says at the end of the day."""
    world.parent(7, end_ns=world.start_ns + 5 * STEP_NS)
    assert world.ask("gateway", cmd="begin")["begun"]
    until(lambda: world.ask("gateway", cmd="status")["lockstep"]["finished"], world.log("gateway"))
    copy = world.ask("risk", cmd="drop_copy")
    return {
        "parent": world.ask("gateway", cmd="parents")["parents"][0],
        "orders": world.ask("gateway", cmd="orders")["orders"],
        "positions": world.ask("risk", cmd="positions")["positions"],
        "only": (copy["only_order_session"], copy["only_drop_copy"]),
        "bytes": world.ask("venue", cmd="status")["sessions"]["RISK01"]["hash"],
        "market": world.ask("venue", cmd="status")["market_hash"],
    }


def test_a_lockstep_day_fills_a_parent_the_same_way_twice(start: Start) -> None:
    world = start("first")
    told = lockstep_day(world)
    parent = told["parent"]
    assert (parent["state"], parent["cum"], parent["open"]) == ("filled", 300, 0), (parent, world.log("gateway"))
    assert (parent["patch"], parent["data_version"], parent["ledger_id"]) == ("p1", "d1", "l1")
    assert sum(order["cum"] for order in told["orders"]) == 300
    assert [(row["symbol"], row["position"]) for row in told["positions"]] == [("ABC", 300)]
    assert told["only"] == ([], [])
    status = world.ask("gateway", cmd="status")
    assert status["oms"]["illegal"] == status["noted"] == status["capture"]["dropped"] == 0, status["notes"]
    assert world.stop_all() == {"gateway": 0, "risk": 0, "venue": 0}
    assert lockstep_day(start("second")) == told


def test_a_free_running_parent_is_filled_and_counted(start: Start) -> None:
    flow = {"kind": "synthetic", "opening_orders": 20, "live_orders_max": 500, "move_chance": 0.05}
    world = start("free", "free", flow=flow)
    world.parent(7)
    world.parent(8, side="sell_short", quantity=200, end_ns=0, style="peg")
    until(lambda: world.ask("gateway", cmd="orders")["total"] > 0, world.log("gateway"))
    until(lambda: world.ask("gateway", cmd="parents")["parents"][0]["cum"] > 0, world.log("gateway"))
    assert world.ask("gateway", cmd="cancel_parent", parent_id=8)["ok"]
    until(lambda: world.ask("gateway", cmd="parents")["parents"][1]["state"] == "canceled", world.log("gateway"))
    status = world.ask("gateway", cmd="status")
    assert status["latency"]["tick_to_intent_ns"]["count"] > 0
    assert status["latency"]["tick_to_ack_ns"]["count"] > 0


def test_a_killed_gateway_goes_on_where_it_stood(start: Start) -> None:
    flow = {"kind": "synthetic", "opening_orders": 20, "live_orders_max": 500, "move_chance": 0.05}
    world = start("killed", "free", flow=flow)
    world.parent(7, quantity=400, style="peg", slice_quantity=100)
    until(lambda: world.ask("gateway", cmd="orders", open=True)["orders"], world.log("gateway"))
    world.stop("gateway", "kill")
    world.start("gateway")
    status = world.ask("gateway", cmd="status")
    assert status["epoch"] == 2

    def rests_of_the_first_life() -> list[str]:
        orders = world.ask("gateway", cmd="orders", open=True)["orders"]
        return [order["order_id"] for order in orders if order["order_id"].startswith("H001")]

    until(lambda: not rests_of_the_first_life(), world.log("gateway"))
    until(lambda: world.ask("gateway", cmd="orders", open=True)["orders"], "it works the rest")
    parent = world.ask("gateway", cmd="parents")["parents"][0]
    assert parent["cum"] + parent["open"] <= 400
    ids = [order["order_id"] for order in world.ask("gateway", cmd="orders")["orders"]]
    assert len(ids) == len(set(ids))
