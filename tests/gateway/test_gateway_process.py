"""The gateway alone: what it refuses at its start and on its socket, and that it stops when it is told to."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from no_signals import forbid_sigterm_handlers
from three_processes import BUILT, WAIT_S, World, until

pytestmark = BUILT


ORDER = {
    "cmd": "parent", "parent_id": 7, "strategy": "test", "strategy_no": 1, "symbol": "ABC", "side": "buy",
    "quantity": 100, "limit_price": 0, "style": "child", "slice_quantity": 50, "start_ns": 1, "end_ns": 2,
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "run", "free", [])
    yield world
    world.stop_all()


def refusal(world: World, *words: str) -> str:
    """What a gateway that does not start says."""
    command = [str(world.bin / "cws-gateway"), *words]
    done = subprocess.run(command, cwd=world.folder, capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "panicked" not in done.stderr
    return done.stderr


def test_a_bad_configuration_is_refused_by_code(world: World) -> None:
    sound = (world.folder / "gateway.toml").read_text()
    assert "CWS-CONFIG-001" in refusal(world)
    for change, code in (
        (("region", "regoin"), "CWS-CONFIG-004"),
        (('"H"', '"h"'), "CWS-GATEWAY-001"),
        (("239.194.1.1", "192.0.2.1"), "CWS-GATEWAY-011"),
    ):
        (world.folder / "bad.toml").write_text(sound.replace(*change))
        assert code in refusal(world, "--config", "bad.toml"), change


def test_a_hot_thread_that_cannot_run_ends_the_process(world: World) -> None:
    pinned = (world.folder / "gateway.toml").read_text().replace("[hot]\n", "[hot]\ncore = 100000\n")
    (world.folder / "pinned.toml").write_text(pinned)
    said = refusal(world, "--config", "pinned.toml")
    assert "CWS-GATEWAY-008" in said and "CWS-HOT-004" in said, "there is no such core"


def test_without_signals_it_does_not_start(world: World) -> None:
    command = [str(world.bin / "cws-gateway"), "--config", "gateway.toml"]
    done = subprocess.run(
        command, cwd=world.folder, capture_output=True, text=True, timeout=WAIT_S, preexec_fn=forbid_sigterm_handlers
    )
    assert done.returncode == 1 and "CWS-GATEWAY-012" in done.stderr


def test_what_it_finds_must_be_sound(world: World) -> None:
    world.start("gateway")
    assert world.stop("gateway") == 0
    epoch, journal = world.folder / "gateway.epoch", world.folder / "gateway.journal"
    assert epoch.read_text() == "1\n"
    epoch.write_text("many\n")
    assert "CWS-GATEWAY-002" in refusal(world, "--config", "gateway.toml")
    epoch.write_text("7\n")
    whole = journal.read_bytes()
    journal.write_bytes(whole[:80] + bytes([whole[80] ^ 1]) + whole[81:])
    assert "CWS-GATEWAY-003" in refusal(world, "--config", "gateway.toml")
    journal.write_bytes(whole)
    (world.folder / "executions.ring").write_bytes(b"x" * 4096)
    assert "CWS-GATEWAY-004" in refusal(world, "--config", "gateway.toml")
    (world.folder / "executions.ring").unlink()
    world.start("gateway")
    assert world.ask("gateway", cmd="status")["epoch"] > 7


def test_two_gateways_do_not_share_a_folder(world: World) -> None:
    world.start("gateway")
    assert "CWS-GATEWAY-003" in refusal(world, "--config", "gateway.toml"), "the journal is locked"
    assert world.ask("gateway", cmd="status")["ok"]


def test_commands_are_refused_by_code_and_state_is_told(world: World) -> None:
    world.start("gateway")
    for request, code in (
        ({"cmd": "nothing"}, "CWS-GATEWAY-010"),
        ({"cmd": "begin"}, "CWS-GATEWAY-010"),
        ({"cmd": "cancel_parent"}, "CWS-GATEWAY-010"),
        ({"cmd": "cancel_parent", "parent_id": 1}, "CWS-PARENT-003"),
        ({"cmd": "parent"}, "CWS-PARENT-006"),
    ):
        answer = world.ask("gateway", **request)
        assert (answer["ok"], answer["code"]) == (False, code)
    status = world.ask("gateway", cmd="status")
    assert status["md_age_ns"] is None and status["risk"]["state"] == "" and not status["risk"]["announced"]
    assert status["build_hash"] in world.log("gateway")
    assert len(status["build_hash"]) == 64


def test_a_parent_outlives_its_gateway(world: World) -> None:
    world.start("gateway")
    first = world.ask("gateway", **ORDER)
    assert (first["ok"], first["known"], first["state"]) == (True, False, "pending")
    world.stop("gateway", "kill")
    world.start("gateway")
    assert world.ask("gateway", **ORDER)["known"], "handed over twice, taken once"
    assert world.ask("gateway", **{**ORDER, "quantity": 101})["code"] == "CWS-PARENT-001"
    assert world.ask("gateway", cmd="cancel_parent", parent_id=7)["state"] == "canceled"
    assert world.stop("gateway") == 0
    world.start("gateway")
    assert world.ask("gateway", cmd="parents")["parents"][0]["state"] == "canceled"


def test_what_cannot_be_journaled_is_not_taken(world: World) -> None:
    with (world.folder / "gateway.toml").open("a") as settings:
        settings.write("\n[limits]\njournal_bytes_max = 300\n")
    world.start("gateway")
    for parent_id in (7, 8):
        answer = world.ask("gateway", **{**ORDER, "parent_id": parent_id})
        assert (answer["ok"], answer["code"]) == (False, "CWS-GATEWAY-006")
    status = world.ask("gateway", cmd="status")
    assert "CWS-JOURNAL" in status["journal"]["fault"] and status["oms"]["open_parents"] == 0


def test_what_the_hot_thread_cannot_work_is_rejected(world: World) -> None:
    world.start_all()
    until(lambda: world.ask("gateway", cmd="status")["symbols"] == 1, world.log("gateway"))
    assert world.ask("gateway", **{**ORDER, "limit_price": 1})["ok"], "1e-9 is no price of the wire"
    assert world.ask("gateway", cmd="parents")["parents"][0]["state"] == "rejected"
    assert [note["code"] for note in world.ask("gateway", cmd="status")["notes"]] == ["CWS-GATEWAY-007"]


def test_a_risk_core_that_does_not_take_it_is_said_so(world: World) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as risk:
        risk.settimeout(WAIT_S)
        risk.bind(str(world.folder / "risk.sock"))
        risk.listen()
        world.start("gateway")
        line, _ = risk.accept()
        with line:
            line.settimeout(WAIT_S)
            said = json.loads(line.makefile("rb").readline())
            assert said == {"cmd": "gateway", "build_hash": world.ask("gateway", cmd="status")["build_hash"]}
            line.sendall(b'{"ok":false,"code":"CWS-RISK-005"}\n')
            until(lambda: world.ask("gateway", cmd="status")["noted"], world.log("gateway"))
    note = world.ask("gateway", cmd="status")["notes"][0]
    assert note["code"] == "CWS-GATEWAY-013" and "CWS-RISK-005" in note["what"]


def test_a_lockstep_day_waits_for_its_partners(tmp_path: Path) -> None:
    world = World(tmp_path / "run", "lockstep", [])
    try:
        world.start("gateway")
        assert world.ask("gateway", cmd="begin")["begun"]
        status = world.ask("gateway", cmd="status")["lockstep"]
        assert status == {"begun": True, "acked": 0, "finished": False}
        assert not world.ask("gateway", cmd="begin")["begun"], "it had begun"
        world.start("venue")
        world.start("risk")
        until(lambda: world.ask("gateway", cmd="status")["lockstep"]["finished"], world.log("gateway"))
    finally:
        world.stop_all()


def test_a_venue_of_another_mode_is_said_so(tmp_path: Path) -> None:
    world = World(tmp_path / "run", "lockstep", [])
    venue = world.folder / "venue.toml"
    venue.write_text(venue.read_text().replace('mode = "lockstep"', 'mode = "free"'))
    try:
        world.start_all()
        assert world.ask("gateway", cmd="begin")["begun"]
        assert world.running["gateway"].wait(WAIT_S) == 1
        assert "CWS-GATEWAY-009" in world.log("gateway")
    finally:
        world.stop_all()
