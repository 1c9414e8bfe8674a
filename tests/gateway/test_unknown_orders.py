"""A line that breaks in the middle of an order: UNKNOWN, until the venue's replay says what became of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from all_agree import all_agree
from three_processes import BUILT, World, until
from venue_journal import entered

from cws.execution import entries as read
from cws.execution.journal import read_journal

pytestmark = BUILT

MOVING = {"kind": "synthetic", "opening_orders": 20, "live_orders_max": 500, "move_chance": 0.05}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Every order breaks the line: by chance before the venue has it, or after."""
    world = World(tmp_path / "run", "free", [], flow=MOVING, faults={"disconnect": 1.0})
    world.start_all()
    yield world
    world.stop_all()


def told(folder: Path, process: str) -> dict[str, list[str]]:
    """Order -> what the process was told of it, in order, of those that were UNKNOWN once."""
    records = read_journal(folder / f"{process}.journal").records
    said = [read.execution(record) for record in records if record.kind == read.EXECUTION]
    found: dict[str, list[str]] = {}
    for one in said:
        found.setdefault(read.token(one.order_id), []).append(one.kind_name)
    return {order: kinds for order, kinds in found.items() if "unknown" in kinds}


def test_it_is_unknown_until_the_replay_resolves_it_and_never_sent_again(world: World) -> None:
    world.parent(1, quantity=1_000, slice_quantity=1)

    def ends() -> set[str]:
        return {kinds[-1] for kinds in told(world.folder, "risk").values()}

    until(lambda: {"filled", "not_at_venue"} <= ends(), world.log("risk"))
    assert world.ask("venue", cmd="fault", disconnect=0.0)["ok"]
    until(lambda: world.ask("risk", cmd="status")["session"]["state"] == "Up", "risk logs in again")
    all_agree(world)
    unknown, tokens = told(world.folder, "risk"), entered(world.folder)
    assert told(world.folder, "gateway") == unknown, "the gateway heard the same"
    states = {one["order_id"]: (one["state"], one["cum"]) for one in world.ask("gateway", cmd="orders")["orders"]}
    for order, kinds in unknown.items():
        assert kinds[0] == "unknown", "nobody had said anything of it"
        if kinds[-1] == "not_at_venue":
            assert kinds == ["unknown", "not_at_venue"] and order not in tokens
            assert states[order] == ("Rejected", 0)
        else:
            assert tokens.count(order) == 1, "it arrived, once"
            assert kinds[1] == "accepted" and states[order] in (("Filled", 1), ("Canceled", 0), ("Expired", 0))
    assert world.ask("risk", cmd="status")["unknown"] == 0
