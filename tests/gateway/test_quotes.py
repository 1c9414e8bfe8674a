"""A quote over the real processes: both sides rest at once, each fill counts, and its position stays within bounds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from all_agree import all_agree
from three_processes import BUILT, World, until

pytestmark = BUILT

MOVING = {"kind": "synthetic", "opening_orders": 20, "live_orders_max": 500, "move_chance": 0.05}
BOUND = 300


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "run", "free", [], flow=MOVING)
    world.start_all()
    yield world
    world.stop_all()


def parent(world: World) -> dict[str, Any]:
    return world.ask("gateway", cmd="parents")["parents"][0]


def test_both_sides_of_a_quote_rest_and_trade(world: World) -> None:
    world.parent(1, quantity=BOUND, style="quote half_spread=5000000 skew=0 requote=10000000")

    def both_rest() -> bool:
        rows = world.ask("risk", cmd="open_orders")["open_orders"]
        return {row["side"] for row in rows if row["state"] == "LIVE"} >= {"Buy", "SellShort"}

    until(both_rest, world.log("gateway"))
    until(lambda: parent(world)["bought"] > 0 and parent(world)["sold"] > 0, world.log("gateway"))
    status = world.ask("risk", cmd="status")
    assert "R13" not in status["refused"], "the other side is a child of the quote, too"
    assert "R18" not in status["refused"], "its own bid and offer do not meet"
    assert world.ask("gateway", cmd="status")["oms"]["contradictions"] == 0
    # A quote is never done by trading: it goes on until somebody ends it.
    assert parent(world)["state"] == "working"
    all_agree(world)
    done = parent(world)
    held = [row["position"] for row in world.ask("risk", cmd="positions")["positions"]]
    assert done["state"] == "canceled" and held == [done["bought"] - done["sold"]]
    assert abs(held[0]) <= BOUND


def test_a_quote_with_a_limit_price_is_refused(world: World) -> None:
    request = {
        "cmd": "parent", "parent_id": 1, "strategy": "test", "strategy_no": 1, "symbol": "ABC", "side": "buy",
        "quantity": BOUND, "limit_price": 100_000_000_000, "style": "quote half_spread=5000000",
        "slice_quantity": 100, "start_ns": 0, "end_ns": 0,
    }  # fmt: skip
    answer = world.ask("gateway", **request)
    assert (answer["code"], answer["where"]) == ("CWS-PARENT-006", "limit_price")
