"""kill -9 of venue, risk and gateway under load, and lines that break: nothing lost, nothing twice."""

import time
from pathlib import Path

import pytest
from all_agree import all_agree
from three_processes import BUILT, World, until
from venue_journal import entered

pytestmark = BUILT

NAMES = ("gateway", "risk", "venue")
MOVING = {"kind": "synthetic", "opening_orders": 20, "live_orders_max": 500, "move_chance": 0.05}
MINUTE_NS = 60_000_000_000
KILLS = 3


def loaded(folder: Path, minutes: int = 2, faults: dict[str, float] | None = None) -> World:
    """A free-running day with a peg, a taker and a passive parent that are worked for some minutes."""
    world = World(folder, "free", [], flow=MOVING, faults=faults or {})
    world.start_all()
    end_ns = time.time_ns() + minutes * MINUTE_NS
    world.parent(1, quantity=1_000_000, style="peg", end_ns=end_ns)
    world.parent(2, quantity=2_000 * minutes, slice_quantity=1, end_ns=end_ns)
    world.parent(3, quantity=4_000 * minutes, slice_quantity=2, end_ns=end_ns, style="child passive")
    until(lambda: world.ask("gateway", cmd="status")["oms"]["fills"] > 0, world.log("gateway"))
    return world


def killed(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """So many kills of one of the three at random moments; what everybody then agrees on."""
    world = loaded(folder, minutes=2 + kills // 20)
    try:
        before = len(entered(folder))
        world.kill_at_random(NAMES, kills, seed)
        until(lambda: len(entered(folder)) > before, "orders go on")
        return {"kills": kills, **all_agree(world)}
    finally:
        world.stop_all()


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_9_of_any_of_them_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    found = killed(tmp_path / "killed", KILLS, seed)
    assert found["orders"] > 10 and found["trades"] > 0, found


def test_a_line_that_breaks_in_the_middle_of_an_order_leaves_nothing_unknown(tmp_path: Path) -> None:
    world = loaded(tmp_path / "broken", faults={"disconnect": 0.1, "ack_lost": 0.05})
    try:
        until(lambda: world.ask("risk", cmd="status")["unknown_ever"] >= 2, world.log("risk"))
        assert world.ask("venue", cmd="fault", disconnect=0.0, ack_lost=0.0)["ok"]
        until(lambda: world.ask("risk", cmd="status")["session"]["state"] == "Up", "risk logs in again")
        all_agree(world)
        assert world.ask("risk", cmd="status")["unknown"] == 0
    finally:
        world.stop_all()
