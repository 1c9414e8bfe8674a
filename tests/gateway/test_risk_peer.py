"""An independent SoupBinTCP server, nasdaq-protocols from PyPI, completes a session with our risk core as its client.

Venue and gateway are not there: what risk says and hears is the peer's alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from three_processes import BUILT, PASSWORD, USER, World

soup: Any = pytest.importorskip("nasdaq_protocols.soup", reason="nasdaq-protocols is not installed (PyPI, 1.3.0 works)")
common: Any = pytest.importorskip("nasdaq_protocols.common")

DAY = "PEERDAY"
START = b"S" + bytes(8) + b"S"  # System event: start of day
WAIT_S = 20.0
pytestmark = BUILT


class Peer(soup.SoupServerSession):  # pyright: ignore[reportUntypedBaseClass]
    """Says yes to the password; `day` are the sequenced messages so far, whoever hears them."""

    logins: list[tuple[str, str, str, int]] = []  # noqa: RUF012
    sessions: list["Peer"] = []  # noqa: RUF012
    day: list[bytes] = []  # noqa: RUF012

    async def on_login(self, msg: Any) -> Any:
        wanted = max(1, int(msg.sequence))
        self.logins.append((msg.user, msg.password, msg.session, int(msg.sequence)))
        if msg.password != PASSWORD:
            return soup.LoginRejected(soup.LoginRejectReason.NOT_AUTHORIZED)
        self.sessions.append(self)
        asyncio.get_running_loop().call_soon(lambda: [self.send_seq_msg(one) for one in self.day[wanted - 1 :]])
        return soup.LoginAccepted(DAY, wanted)

    async def on_unsequenced(self, msg: Any) -> None:
        raise AssertionError(f"nobody asked for an order: {msg}")


async def seen(what: Callable[[], object], why: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < deadline, why
        await asyncio.sleep(0.01)


async def talk(world: World) -> None:
    port = int((world.folder / "risk.toml").read_text().partition("[order_session]")[2].split('"')[1].split(":")[1])

    async def risk(cmd: str) -> dict[str, Any]:
        return await asyncio.to_thread(world.ask, "risk", cmd=cmd)

    async def until_risk(wanted: Callable[[dict[str, Any]], object]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not wanted(said := (await risk("status"))["session"]):
            assert time.monotonic() < deadline, said
            await asyncio.sleep(0.01)

    factory: Callable[[], Awaitable[Any]] = lambda: Peer(server_heartbeat_interval=1)  # noqa: E731
    server, task = await common.start_server(("127.0.0.1", port), factory)
    try:
        Peer.day[:] = [START]
        await asyncio.to_thread(world.start, "risk")
        await seen(lambda: Peer.sessions, "risk logs in")
        assert Peer.logins[0][:2] == (USER, PASSWORD) and Peer.logins[0][3] == 1
        await until_risk(lambda one: one == {"name": DAY, "state": "Up", "venue_seq": 1})
        # Longer than the heartbeats of either side: both stay.
        held_until = time.monotonic() + 2.5
        while time.monotonic() < held_until:
            await asyncio.sleep(0.1)
            assert not Peer.sessions[0].is_closed()
        await Peer.sessions[0].close()
        Peer.day.append(b"S" + bytes(8) + b"E")
        await seen(lambda: len(Peer.sessions) == 2, "risk logs in again")
        assert Peer.logins[-1][2:] == (DAY, 2), "it goes on behind what it has heard"
        await until_risk(lambda one: one["venue_seq"] == 2)
        Peer.sessions[1].end_session()
        await until_risk(lambda one: one["state"] != "Up")
        assert await asyncio.to_thread(world.stop, "risk") == 0
    finally:
        task.cancel()
        server.close()


def test_risk_logs_in_stays_comes_back_and_hears_the_end(tmp_path: Path) -> None:
    world = World(tmp_path / "peer", "free", [], flow={"kind": "none"})
    try:
        asyncio.run(talk(world))
    finally:
        world.stop_all()
