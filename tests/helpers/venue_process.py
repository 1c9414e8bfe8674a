"""A running cws-venue and the plainest clients of it: sockets, struct, nothing of ours."""

import json
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from native_binaries import native_binary

CONFIG = """
run_dir = "{run_dir}"
seed = {seed}
mode = "{mode}"
session = "TESTDAY"
start_ns = 1767623400000000000
duration_s = {duration_s}
[market_data]
group_a = "239.77.9.1:{group_port}"
group_b = "239.77.9.2:{group_port}"
request = "127.0.0.1:0"
heartbeat_ms = 200
[orders]
listen = "127.0.0.1:0"
drop_copy = "127.0.0.1:0"
[[sessions]]
user = "RISK01"
password = "secret"
firm = "CWS1"
[[sessions]]
user = "OTHER"
password = "secret"
[[drop_copy]]
user = "DROP01"
password = "secret"
[[symbols]]
name = "AAPL"
price = 190_000_000_000
tick = 10_000_000
rate_per_s = {rate_per_s}
[flow]
kind = "synthetic"
"""


@dataclass
class Running:
    process: subprocess.Popen[str]
    build: str
    ports: dict[str, int]
    run_dir: Path
    group_port: int
    _control: Any = None

    def command(self, **words: Any) -> dict[str, Any]:
        if self._control is None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(20)
            connection.connect(str(self.run_dir / "venue.sock"))
            self._control = connection.makefile("rw")
        self._control.write(json.dumps(words) + "\n")
        self._control.flush()
        return json.loads(self._control.readline())

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def venue(run_dir: Path, group_port: int, **changes: Any) -> Iterator[Running]:
    """A venue on free ports; killed at the end if it still runs."""
    settings = {"seed": 7, "mode": "free", "duration_s": 0, "rate_per_s": 200} | changes
    run_dir.mkdir(exist_ok=True)
    config = run_dir / "venue.toml"
    config.write_text(CONFIG.format(run_dir=run_dir, group_port=group_port, **settings))
    command = [str(native_binary("cws-venue", "cws-venue")), "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            build = process.stdout.readline().split()[-1]
            told = json.loads(process.stdout.readline())
            ports = {name: int(told[name].rsplit(":")[-1]) for name in ("orders", "drop_copy", "request")}
            yield Running(process, build, ports, run_dir, group_port)
        finally:
            process.kill()


@dataclass
class Soup:
    """A SoupBinTCP client that logged in; `messages` are the sequenced ones so far."""

    socket: socket.socket
    unread: bytes = b""
    messages: list[bytes] = field(default_factory=list[bytes])
    kinds: list[str] = field(default_factory=list[str])

    def send(self, kind: bytes, payload: bytes) -> None:
        self.socket.sendall(struct.pack(">Hc", len(payload) + 1, kind) + payload)

    def until(self, count: int = 0, kind: str = "") -> None:
        """Reads until so many messages came, or a packet of this kind."""
        while len(self.messages) < count or (kind and kind not in self.kinds):
            got = self.socket.recv(65_536)
            assert got, "the venue hung up"
            self.unread += got
            while len(self.unread) >= 2 and len(self.unread) >= 2 + (
                length := struct.unpack_from(">H", self.unread)[0]
            ):
                packet, self.unread = self.unread[2 : 2 + length], self.unread[2 + length :]
                self.kinds.append(chr(packet[0]))
                if packet[:1] == b"S":
                    self.messages.append(packet[1:])


def login(port: int, user: str = "RISK01", sequence: int = 1) -> Soup:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    soup = Soup(connection)
    soup.send(b"L", user.encode().ljust(6) + b"secret".ljust(10) + b" " * 10 + str(sequence).rjust(20).encode())
    soup.until(kind="A")
    return soup


def enter(token: str, side: str, shares: int, price: float) -> bytes:
    """An OUCH 4.2 day order of AAPL."""
    units = round(price * 10_000)
    head = b"O" + token.encode().ljust(14) + side.encode() + struct.pack(">I", shares) + b"AAPL    "
    return head + struct.pack(">II4s3sI2s", units, 99_998, b"CWS1", b"YPN", 0, b"NR")


def listen(group: str, port: int) -> socket.socket:
    """A receiver of one feed, on loopback."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    receiver.bind((group, port))
    membership = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    receiver.settimeout(20)
    return receiver


def blocks(packet: bytes) -> tuple[int, int, list[bytes]]:
    """A MoldUDP64 packet: first sequence number, count, messages."""
    sequence, count = struct.unpack_from(">QH", packet, 10)
    messages: list[bytes] = []
    at = 20
    while at < len(packet):
        (length,) = struct.unpack_from(">H", packet, at)
        messages.append(packet[at + 2 : at + 2 + length])
        at += 2 + length
    return sequence, count, messages
