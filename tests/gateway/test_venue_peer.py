"""An independent SoupBinTCP client, nasdaq-protocols from PyPI, completes a session with our venue as its server."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

from ports import free_ports
from venue_process import enter, venue

soup: Any = import_module("nasdaq_protocols.soup")  # it tells no types


async def session(port: int) -> tuple[list[bytes], list[bytes], str]:
    """Orders in, answers out; the same again from the middle; and a wrong password's refusal."""
    heard: list[bytes] = []
    enough = asyncio.Event()

    async def on_message(message: Any) -> None:
        if isinstance(message, soup.SequencedData):
            heard.append(message.data)
            if len(heard) == 11:
                enough.set()

    client = await soup.connect_async(
        ("127.0.0.1", port), "RISK01", "secret", "TESTDAY", on_msg_coro=on_message, client_heartbeat_interval=1
    )
    for number in range(10):
        client.send_unseq_data(enter(f"P{number}", "B", 100, 100.0 + number))
    await asyncio.wait_for(enough.wait(), 20)
    # Longer than the server's heartbeat interval: both sides stay.
    await asyncio.sleep(2.5)
    assert not client.is_closed()
    client.logout()
    again = await soup.connect_async(("127.0.0.1", port), "RISK01", "secret", sequence=6)
    replayed = [(await asyncio.wait_for(again.receive_msg(), 20)).data for _ in range(6)]
    await again.close()
    try:
        await soup.connect_async(("127.0.0.1", port), "RISK01", "wrong")
    except ConnectionRefusedError as refused:
        return heard, replayed, str(refused)
    return heard, replayed, "not refused"


def test_a_peer_logs_in_trades_replays_and_is_refused(tmp_path: Path) -> None:
    with venue(tmp_path, free_ports(1)[0], rate_per_s=0) as running:
        heard, replayed, refusal = asyncio.run(session(running.ports["orders"]))
        assert [message[:1] for message in heard] == [b"S"] + [b"A"] * 10
        assert replayed == heard[5:]
        assert "NOT_AUTHORIZED" in refusal
        assert running.terminate() == 0
