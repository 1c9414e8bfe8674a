"""Readers that are not ours see in the captures of the real processes what the processes say of themselves.

One lockstep day: tshark over what risk and the gateway wrote, itchcpp and meatpy over the market data in it.
"""

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from itchcpp.parser import MessageParser
from meatpy.itch50.itch50_market_message import ITCH50MarketMessage
from three_processes import BUILT, World, until
from venue_journal import inbound

from cws.execution import entries as read
from cws.execution.journal import Journal, read_journal

STEP_NS, COUNT, HEADER_BYTES = 1_000_000_000, 30, 20
PI_WARN = 0x600000
OUT, IN = "U", "S"
pytestmark = [
    BUILT,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed (apt-get install tshark)"),
]


class Day(NamedTuple):
    folder: Path
    ports: dict[str, int]
    journal: Journal
    trades: int
    published: int


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    start_ns = World.day_start_ns("lockstep")
    offers = [f"{start_ns + n * STEP_NS},ABC,add,S,{100 + n / 100:.2f},100,{n + 2}" for n in range(COUNT)]
    world = World(tmp_path_factory.mktemp("captured"), "lockstep", [f"{start_ns},ABC,add,B,90.00,100,1", *offers])
    try:
        world.start_all()
        world.parent(7, quantity=1_000, end_ns=world.start_ns + 20 * STEP_NS)
        resting = {"style": "child passive", "limit_price": 99_900_000_000}
        world.parent(8, quantity=300, end_ns=world.start_ns + 20 * STEP_NS, **resting)
        assert world.ask("gateway", cmd="begin")["ok"]
        until(lambda: world.ask("gateway", cmd="status")["lockstep"]["finished"], world.log("gateway"))
        published = int(world.ask("venue", cmd="status")["published"])
        trades = int(world.ask("risk", cmd="status")["fills"])
    finally:
        world.stop_all()
    ports = {
        name: int(line.rpartition(":")[2].strip('"'))
        for line in (world.folder / "venue.toml").read_text().splitlines()
        for name in [line.partition(" = ")[0]]
        if name in ("listen", "drop_copy", "group_a", "group_b")
    }
    return Day(world.folder, ports, read_journal(world.folder / "risk.journal"), trades, published)


def dissected(capture: Path, decode: list[str], fields: list[str]) -> list[list[str]]:
    """Rows of the fields, checksums checked; none may be malformed or have a warning."""
    words = ["tshark", "-n", "-r", str(capture), *(word for one in decode for word in ("-d", one))]
    for layer in ("ip", "udp", "tcp"):
        words += ["-o", f"{layer}.check_checksum:TRUE"]
    words += ["-T", "fields", "-E", "separator=|", "-E", "aggregator=;"]
    asked = ["_ws.malformed", "_ws.expert.severity", "frame.time_epoch", *fields]
    done = subprocess.run(
        [*words, *(word for one in asked for word in ("-e", one))], capture_output=True, text=True, check=True
    )
    rows = [line.split("|") for line in done.stdout.splitlines()]
    for row in rows:
        assert row[0] == "", f"malformed: {row}"
        assert max([0, *(int(one) for one in row[1].split(";") if one)]) < PI_WARN, row
        assert len(row[2].partition(".")[2]) == 9, "nanoseconds"
    return [row[3:] for row in rows]


def test_tshark_reads_every_order_byte_in_and_out(day: Day) -> None:
    (capture,) = (day.folder / "capture").glob("risk-orders-*.pcapng")
    decode = [f"tcp.port=={day.ports[name]},soupbintcp" for name in ("listen", "drop_copy")]
    rows = dissected(capture, decode, ["frame.interface_name", "soupbintcp.packet_type", "ouch.packet_type"])
    said = Counter[tuple[str, str, str]]()
    for interface, packets, messages in rows:
        ouch = iter(messages.replace("'", "").split(";"))
        for packet in filter(None, packets.replace("'", "").split(";")):
            said[interface, packet, next(ouch) if packet in (OUT, IN) else ""] += 1
    asked = [one[:1].decode() for one in inbound(day.folder)]
    assert Counter({kind: said["orders", OUT, kind] for kind in set(asked)}) == Counter(asked), "what the venue got"
    sent = day.journal.counts[read.SENT]
    assert sum(count for (_, packet, _), count in said.items() if packet == OUT) == sent == len(asked)
    assert said["orders", IN, "E"] == said["drop_copy", IN, "E"] == day.trades >= 10
    assert said["orders", "L", ""] == said["drop_copy", "L", ""] == 1
    assert b"secret" not in capture.read_bytes(), "the password is starred out"


def feed(day: Day, name: str) -> list[bytes]:
    """The payloads of one feed, in order."""
    (capture,) = (day.folder / "capture").glob("md-*.pcapng")
    decode = [f"udp.port=={day.ports[one]},moldudp64" for one in ("group_a", "group_b")]
    rows = dissected(capture, decode, ["frame.interface_name", "moldudp64.session", "udp.checksum.status"])
    assert {row[1] for row in rows} == {"CWS0000001"} and {row[2] for row in rows} <= {"1", "2", "3"}
    words = ["tshark", "-n", "-r", str(capture), "-Y", f'frame.interface_name=="{name}"', "-T", "fields"]
    done = subprocess.run([*words, "-e", "udp.payload"], capture_output=True, text=True, check=True)
    return [bytes.fromhex(line) for line in done.stdout.split()]


def messages(packets: list[bytes]) -> dict[int, bytes]:
    """ITCH messages by their sequence number."""
    found: dict[int, bytes] = {}
    for packet in packets:
        number, at = int.from_bytes(packet[10:18]), HEADER_BYTES
        while at < len(packet):
            length = int.from_bytes(packet[at : at + 2])
            found[number] = packet[at + 2 : at + 2 + length]
            number, at = number + 1, at + 2 + length
    return found


def test_itchcpp_and_meatpy_read_the_market_data_that_was_captured(day: Day) -> None:
    both = [messages(feed(day, f"feed-{one}")) for one in "ab"]
    assert both[0] == both[1], "A and B say the same"
    heard = both[0]
    assert sorted(heard) == list(range(1, day.published + 1)), "none is missing"
    parser = MessageParser()
    executed = Counter[str]()
    for message in heard.values():
        theirs, others = parser.get_message_type(message), ITCH50MarketMessage.from_bytes(message)
        assert theirs.to_bytes() == others.to_bytes() == message
        kind = message[:1].decode()
        if kind in "EC":
            executed[kind] += theirs.executed_shares
    told = [read.execution(one) for one in day.journal.records if one.kind == read.EXECUTION]
    assert sum(executed.values()) == sum(one.last_qty for one in told if one.kind_name == "filled") == 1_000
