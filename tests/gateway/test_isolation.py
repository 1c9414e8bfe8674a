"""The walls between gateway, risk and venue, tried as the gateway's user and as a strategy's: needs root."""

import ctypes
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from as_user import DONE, as_user
from three_processes import BUILT, DAY_NS, World, until
from venue_journal import cancels, entered

from cws.execution.isolation import USERS, entrance, told, why_off
from cws.execution.places import Place
from modules.errors import CwsError

pytestmark = [
    BUILT,
    pytest.mark.skipif(bool(why_off()), reason=f"no walls here: {why_off()}"),
]

MOVING = {"kind": "synthetic", "opening_orders": 20, "live_orders_max": 500, "move_chance": 0.05}
VENUE, RISK, GATEWAY, STRATEGY = USERS["cws-venue"], USERS["cws-risk"], USERS["cws-gateway"], 60_910
CLONE_NEWUSER, CLONE_NEWNET, PTRACE_ATTACH = 0x10000000, 0x40000000, 16
QUIET_S = 0.5
# Each answer of the venue is a turn of the loop that also reads its lines: what was on its way then has arrived.
TURNS = 3


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "walled", "free", [], flow=MOVING, walled=True)
    try:
        made.start_all()
        yield made
    finally:
        for child in made.running.values():
            child.send_signal(signal.SIGCONT)
        made.stop_all()


def pid(world: World, name: str) -> int:
    return world.running[name].pid


def working(world: World) -> None:
    """Two parents on their way: one that rests, one that takes."""
    world.parent(1, quantity=100_000, style="peg")
    world.parent(2, quantity=100_000, end_ns=world.midnight_ns + DAY_NS)
    until(lambda: len(entered(world.folder)) > 3, world.log("gateway"))


def nothing_arrives(world: World) -> None:
    """No order reaches the venue any more, while the gateway still has work for it."""
    for _ in range(TURNS):
        world.ask("venue", cmd="status")
    before = len(entered(world.folder))
    time.sleep(QUIET_S)
    assert len(entered(world.folder)) == before > 0


def called(done: int) -> None:
    if done < 0:
        raise OSError(ctypes.get_errno(), "refused")


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def written(name: str) -> None:
    os.close(os.open(name, os.O_RDWR))


def connects(port: int) -> None:
    with socket.socket() as line:
        line.settimeout(2.0)
        line.connect(("127.0.0.1", port))


def enters(path: str, own_users_first: bool = False) -> None:
    if own_users_first:
        called(libc().unshare(CLONE_NEWUSER))
    called(libc().setns(os.open(path, os.O_RDONLY), CLONE_NEWNET))


def says(**request: object) -> str:
    """The code of the answer, or `done`."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10.0)
        line.connect("risk.sock")
        line.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(line.makefile("rb").readline())
    return DONE if answer["ok"] else str(answer["code"])


def test_each_runs_as_its_own_user_and_the_status_says_so(world: World) -> None:
    assert told(pid(world, "risk"), pid(world, "gateway"))[0] == "on"
    users = {f"cws-{name}": Path(f"/proc/{pid(world, name)}").stat().st_uid for name in world.running}
    assert users == dict(USERS)
    for name in world.running:
        status = Path(f"/proc/{pid(world, name)}/status").read_text()
        assert "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status
    assert world.ask("venue", cmd="status")["sessions"]["RISK01"]["connected"]


@pytest.mark.parametrize("user", [GATEWAY, STRATEGY])
def test_the_order_port_is_nowhere(world: World, user: int) -> None:
    assert world.walls is not None
    ports = [int(address.rpartition(":")[2]) for address in world.walls.listeners]
    for port in ports:
        assert as_user(user, world.folder, lambda p=port: connects(p)) == "ECONNREFUSED"
    inside, of_risk = world.walls.namespace, f"/proc/{pid(world, 'risk')}/ns/net"
    assert as_user(user, world.folder, lambda: enters(inside)) == "EPERM"
    assert as_user(user, world.folder, lambda: enters(inside, own_users_first=True)) in ("EPERM", "EINVAL", "ENOSPC")
    assert as_user(user, world.folder, lambda: enters(of_risk)) == "EACCES"
    reached = as_user(0, world.folder, lambda: [enters(inside), *map(connects, ports)])
    assert reached == DONE, "the port is there for whoever is inside"


@pytest.mark.parametrize("user", [GATEWAY, STRATEGY])
def test_risk_cannot_be_read_written_traced_or_ended(world: World, user: int) -> None:
    def tried(act: object) -> str:
        assert callable(act)
        return as_user(user, world.folder, act)

    for secret in ("session.password", "venue.toml", "limits.key", "risk.toml"):
        assert tried(lambda name=secret: Path(name).read_bytes()) == "EACCES", secret
    for own in ("executions.ring", "intents.cursor", "risk.beat", "risk.journal", "limits.toml", "limits.toml.sig"):
        assert (world.folder / own).exists()
        assert tried(lambda name=own: written(name)) == "EACCES", own
        assert tried(lambda name=own: Path(name).rename("elsewhere")) in ("EPERM", "EACCES"), own
        assert tried(lambda name=own: Path(name).unlink()) in ("EPERM", "EACCES"), own
    of_risk = pid(world, "risk")
    assert tried(lambda: os.kill(of_risk, signal.SIGKILL)) == "EPERM"
    assert tried(lambda: os.kill(of_risk, signal.SIGSTOP)) == "EPERM"
    assert tried(lambda: called(libc().ptrace(PTRACE_ATTACH, of_risk, 0, 0))) == "EPERM"
    assert tried(lambda: written(f"/proc/{of_risk}/mem")) == "EACCES"
    assert world.ask("risk", cmd="status")["state"] == "ACTIVE"


def test_a_journal_that_the_gateway_laid_down_is_not_risks(tmp_path: Path) -> None:
    """Its records would be parents that nobody registered, and re-arms that nobody gave."""
    world = World(tmp_path / "forged", "free", [], flow=MOVING, walled=True)

    def lays_it_down() -> None:
        Path("risk.journal").touch()
        Path("risk.journal").chmod(0o666)

    try:
        world.start("venue")
        assert as_user(GATEWAY, world.folder, lays_it_down) == DONE
        with pytest.raises(AssertionError, match=f"CWS-JOURNAL-009 it belongs to user {GATEWAY}"):
            world.start("risk")
    finally:
        world.stop_all()


def test_nobody_writes_what_is_the_gateways(world: World) -> None:
    for own in ("intents.ring", "gateway.beat", "executions.cursor", "gateway.journal"):
        assert as_user(GATEWAY, world.folder, lambda name=own: written(name)) == DONE
        for user in (STRATEGY, RISK):
            assert as_user(user, world.folder, lambda name=own: written(name)) == "EACCES", own
            assert as_user(user, world.folder, lambda name=own: Path(name).unlink()) in ("EPERM", "EACCES"), own


def test_a_strategy_cannot_even_look_into_the_folder(world: World) -> None:
    assert as_user(STRATEGY, world.folder, lambda: list(Path().iterdir())) == "EACCES"
    assert as_user(STRATEGY, world.folder, lambda: Path("executions.ring").stat()) == "EACCES"
    assert as_user(GATEWAY, world.folder, lambda: Path("executions.ring").stat()) == DONE


def test_only_operators_command_risk(world: World) -> None:
    order = {"parent_id": 9, "strategy": "test", "strategy_no": 1, "symbol": "ABC", "side": "buy", "quantity": 1}
    commands = (
        {"cmd": "parent", **order}, {"cmd": "limits", "path": "limits.toml"},
        {"cmd": "rearm", "scope": "firm", "name": "", "who": "x", "reason": "x"},
    )  # fmt: skip
    assert as_user(GATEWAY, world.folder, lambda: says(cmd="status")) == DONE
    for command in commands:
        assert as_user(GATEWAY, world.folder, lambda c=command: says(**c)) == "CWS-RISK-001"
        assert as_user(STRATEGY, world.folder, lambda c=command: says(**c)) == "EACCES"
    assert as_user(0, world.folder, lambda: says(**commands[0])) == DONE


def test_only_the_gateways_user_says_which_build_the_gateway_is(world: World) -> None:
    hello = {"cmd": "gateway", "build_hash": world.ask("risk", cmd="status")["gateway_build"]}
    for command in (hello, {"cmd": "epoch"}):
        assert as_user(VENUE, world.folder, lambda c=command: says(**c)) == "CWS-RISK-015"
        assert as_user(STRATEGY, world.folder, lambda c=command: says(**c)) == "EACCES"
    assert as_user(GATEWAY, world.folder, lambda: says(**hello)) == DONE
    # Across users the kernel shows no executable: what the gateway says is weighed by R19 alone.
    assert as_user(GATEWAY, world.folder, lambda: says(cmd="gateway", build_hash="another")) == DONE
    assert world.ask("risk", cmd="status")["gateway_build"] == "another"


def squats(folder: Path) -> int:
    """A child that serves `risk.sock` as the venue's user; its pid."""
    child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            entrance(VENUE)()
            squatter = socket.socket(socket.AF_UNIX)
            squatter.bind("squatter.sock")
            Path("squatter.sock").chmod(0o777)
            squatter.listen()
            # Whoever sees the name finds somebody who listens.
            Path("squatter.sock").rename("risk.sock")
            while True:
                squatter.accept()[0].close()
        finally:
            os._exit(1)
    return child


def test_whoever_takes_the_name_of_risk_is_not_spoken_to(world: World) -> None:
    working(world)
    world.stop("risk")
    child = squats(world.folder)
    try:
        until(lambda: (world.folder / "risk.sock").exists(), "the name is taken")
        with pytest.raises(CwsError, match="CWS-SOCKET-004"):
            Place(world.folder).client("cws-risk")
        until(lambda: "CWS-SOCKET-004" in str(world.ask("gateway", cmd="status")["notes"]), "the gateway tells of it")
        with pytest.raises(AssertionError, match="CWS-SOCKET-004"):
            world.start("risk")
        world.running.pop("risk")
        assert world.ask("gateway", cmd="status")["risk"]["announced"] is False
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_without_risk_no_order_leaves_and_afterwards_they_go_on(world: World) -> None:
    working(world)
    world.running["risk"].kill()
    world.running.pop("risk").wait()
    nothing_arrives(world)
    world.start("risk")
    before = len(entered(world.folder))
    until(lambda: len(entered(world.folder)) > before, world.log("risk"))
    assert len(sent := entered(world.folder)) == len(set(sent))


def test_while_risk_is_paused_no_order_leaves(world: World) -> None:
    working(world)
    world.running["risk"].send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, pid(world, "risk"), os.WSTOPPED)
    nothing_arrives(world)
    world.running["risk"].send_signal(signal.SIGCONT)
    before = len(entered(world.folder))
    until(lambda: len(entered(world.folder)) > before, world.log("risk"))
    assert len(sent := entered(world.folder)) == len(set(sent))


def test_with_tampered_limits_no_order_leaves_and_cancels_do(world: World) -> None:
    # Far below the market: it rests and cannot trade away before it is to be cancelled.
    world.parent(1, quantity=100_000, style="peg", limit_price=90_000_000_000)
    until(lambda: world.ask("risk", cmd="open_orders")["open_orders"], world.log("gateway"))
    limits = world.folder / "limits.toml"
    older = (limits.read_bytes(), (world.folder / "limits.toml.sig").read_bytes())
    assert as_user(0, world.folder, lambda: says(cmd="limits", path="limits.toml")) == "CWS-LIMITS-004"
    limits.write_bytes(older[0].replace(b"max_order_quantity = 100000", b"max_order_quantity = 900000"))
    assert as_user(0, world.folder, lambda: says(cmd="limits", path="limits.toml")) == "CWS-LIMITS-002"
    assert world.ask("risk", cmd="status")["state"] == "ACTIVE", "the last good limits are in force"
    world.running["risk"].kill()
    world.running.pop("risk").wait()
    world.start("risk")
    until(lambda: world.ask("venue", cmd="status")["sessions"]["RISK01"]["connected"], world.log("risk"))
    assert world.ask("risk", cmd="status")["state"] == "HALTED"
    nothing_arrives(world)
    resting, sent = world.ask("risk", cmd="open_orders")["open_orders"], cancels(world.folder)
    assert resting or sent, "what rests stays until it is cancelled"
    assert world.ask("gateway", cmd="cancel_parent", parent_id=1)["ok"]
    until(lambda: not world.ask("risk", cmd="open_orders")["open_orders"], world.log("risk"))
    assert cancels(world.folder) > 0


@pytest.mark.parametrize(("renewed", "other"), [("gateway", "risk"), ("risk", "gateway")])
def test_a_new_build_of_one_leaves_the_other_alone(world: World, tmp_path: Path, renewed: str, other: str) -> None:
    def build(name: str) -> str:
        return str(world.ask(name, cmd="status")["build_hash"])

    before, kept = build(renewed), (pid(world, other), build(other))
    for name in ("venue", "risk", "gateway"):
        shutil.copy2(world.bin / f"cws-{name}", tmp_path)
    with (tmp_path / f"cws-{renewed}").open("ab") as binary:
        binary.write(b"another build")
    world.bin = tmp_path
    world.stop(renewed)
    world.start(renewed)
    assert build(renewed) != before and kept == (pid(world, other), build(other))
    until(lambda: world.ask("gateway", cmd="status")["risk"]["state"] == "ACTIVE", world.log("gateway"))
    working(world)
