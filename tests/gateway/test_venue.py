"""cws-venue as a process: its sockets, its signals, its journal."""

import re
import signal
import socket
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from native_binaries import native_binary
from ports import free_ports
from venue_process import Running, blocks, enter, listen, login, venue

END_OF_SESSION = 0xFFFF


def drain(receiver: socket.socket) -> dict[int, bytes]:
    """All messages until the end of the session, by sequence number."""
    heard: dict[int, bytes] = {}
    while True:
        sequence, count, messages = blocks(receiver.recv(2_048))
        if count == END_OF_SESSION:
            return heard
        heard |= dict(enumerate(messages, sequence))


def test_both_feeds_carry_the_day_and_sigterm_ends_it(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with (
        listen("239.77.9.1", port) as feed_a,
        listen("239.77.9.2", port) as feed_b,
        ThreadPoolExecutor(2) as readers,
        venue(tmp_path, port) as running,
    ):
        # Read as they come: a socket keeps a few hundred packets, on a slow machine fewer than the day has.
        days = [readers.submit(drain, feed) for feed in (feed_a, feed_b)]
        assert re.fullmatch("[0-9a-f]{64}", running.build)
        copy = login(running.ports["drop_copy"], "DROP01")
        seller, buyer = login(running.ports["orders"], "OTHER"), login(running.ports["orders"])
        seller.send(b"U", enter("S1", "S", 300, 150.0))
        seller.until(count=3)
        buyer.send(b"U", enter("B1", "B", 100, 250.0))
        buyer.until(count=3)
        assert running.terminate() == 0
        for client in (copy, seller, buyer):
            client.until(kind="Z")
        day_a, day_b = (day.result() for day in days)
        assert day_a == day_b and sorted(day_a) == list(range(1, len(day_a) + 1))
        assert [day_a[number][:1] for number in (1, 2, 3)] == [b"S", b"S", b"R"]
        letters = [message[:1] for message in copy.messages]
        assert letters.count(b"E") == sum(
            message[:1] == b"E" for client in (seller, buyer) for message in client.messages
        )


def test_a_client_that_is_behind_is_told_everything_before_the_end(tmp_path: Path) -> None:
    with venue(tmp_path, free_ports(1)[0], rate_per_s=0) as running:
        client, late = login(running.ports["orders"], "OTHER"), login(running.ports["drop_copy"], "DROP01")
        for number in range(5_000):
            client.send(b"U", enter(f"A{number}", "B", 100, 100.0))
        client.until(count=5_001)
        assert running.terminate() == 0
        late.until(kind="Z")
        client.until(kind="Z")
        # Each was accepted, and cancelled at the end of the day; drop copy tells no cancels.
        assert (len(late.messages), len(client.messages)) == (5_000, 10_002)


def test_a_lost_packet_is_had_by_request(tmp_path: Path) -> None:
    with venue(tmp_path, free_ports(1)[0]) as running, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        to = ("127.0.0.1", running.ports["request"])
        for nonsense in (b"", b"x", b"OTHERDAY  " + struct.pack(">QH", 1, 1), b"TESTDAY   " + struct.pack(">QH", 0, 9)):
            asking.sendto(nonsense, to)
        asking.sendto(b"TESTDAY   " + struct.pack(">QH", 3, 2), to)
        sequence, count, messages = blocks(asking.recv(2_048))
        assert (sequence, count) == (3, 2)
        assert [message[:1] for message in messages] == [b"R", b"H"]


def test_killed_it_comes_back_with_the_same_stream_and_book(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with venue(tmp_path, port, rate_per_s=50) as running:
        client = login(running.ports["orders"])
        for number in range(200):
            client.send(b"U", enter(f"A{number}", "BS"[number % 2], 100, 190.0 + number % 7 / 100))
        # Fills stand between the acceptances: so many messages are not so many orders answered.
        while sum(one[:1] == b"A" for one in client.messages) < 200:
            client.until(count=len(client.messages) + 1)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(20)
    with venue(tmp_path, port, rate_per_s=50) as running:
        again = login(running.ports["orders"])
        again.until(count=len(client.messages))
        assert again.messages[: len(client.messages)] == client.messages
        again.send(b"U", enter("A0", "B", 100, 190.0))
        again.send(b"U", enter("NEW", "B", 100, 1.0))

        def accepted() -> list[bytes]:
            return [one[9:23].strip() for one in again.messages[len(client.messages) :] if one[:1] == b"A"]

        # The first token is used, so only the new order is answered, between fills of the others.
        while not accepted():
            again.until(count=len(again.messages) + 1)
        assert accepted() == [b"NEW"]
        assert running.terminate() == 0


def lockstep_day(folder: Path) -> tuple[list[bytes], list[bytes], dict[str, Any]]:
    """Every tenth packet an order, until the day ends by itself."""
    port = free_ports(1)[0]
    with listen("239.77.9.1", port) as feed, venue(folder, port, mode="lockstep", duration_s=2) as running:
        client = login(running.ports["orders"])
        packets: list[bytes] = []
        last, finished = 0, bool(running.command(cmd="ack", seq=0)["finished"])
        while not finished:
            packet = feed.recv(2_048)
            sequence, count, _ = blocks(packet)
            if sequence <= last or count in (0, END_OF_SESSION):
                continue
            packets.append(packet)
            last = sequence + count - 1
            if len(packets) % 10 == 0:
                before = len(client.messages)
                client.send(b"U", enter(f"L{last}", "BS"[last % 2], 100, 190.0))
                client.until(count=before + 1)
            client.until(count=running.command(cmd="processed", seq=last)["sequenced"])
            finished = bool(running.command(cmd="ack", seq=last)["finished"])
        status = running.command(cmd="status")
        assert running.terminate() == 0
    return packets, client.messages, status


def test_lockstep_makes_the_same_bytes_twice(tmp_path: Path) -> None:
    first, second = (lockstep_day(tmp_path / name) for name in ("first", "second"))
    assert first[0] == second[0] and len(first[0]) > 200
    assert first[1] == second[1] and len(first[1]) > 40
    assert first[2] == second[2]


def test_what_is_wrong_is_said_before_anything_listens(tmp_path: Path) -> None:
    binary = native_binary("cws-venue", "cws-venue")
    for words, code in ((["--config"], "CWS-CONFIG-001"), (["--config", str(tmp_path / "none")], "CWS-CONFIG-002")):
        ran = subprocess.run([str(binary), *words], capture_output=True, text=True, timeout=20, check=False)
        assert ran.returncode == 1 and code in ran.stderr
    with venue(tmp_path, free_ports(1)[0]) as running:
        assert running.terminate() == 0
    config, journal = tmp_path / "venue.toml", tmp_path / "venue.journal"
    config.write_text(config.read_text().replace("seed = 7", "seed = 8"))
    kept = journal.read_bytes()
    ran = subprocess.run(
        [str(binary), "--config", str(config)], capture_output=True, text=True, timeout=20, check=False
    )
    assert ran.returncode == 1 and "CWS-VENUE-006" in ran.stderr
    assert journal.read_bytes() == kept, "a journal of the same session and other settings is left alone"


def status_of(running: Running) -> str:
    return running.command(cmd="status")["phase"]


def test_a_finished_day_stays_finished_and_a_new_session_begins_anew(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with venue(tmp_path, port) as running:
        assert status_of(running) == "open"
        assert running.terminate() == 0
    with venue(tmp_path, port) as running:
        assert status_of(running) == "after"
    journal = tmp_path / "venue.journal"
    journal.write_bytes(journal.read_bytes().replace(b"TESTDAY   ", b"YESTERDAY ", 1))
    with venue(tmp_path, port) as running:
        assert status_of(running) == "open"
    assert (tmp_path / "venue.YESTERDAY.journal").exists()
