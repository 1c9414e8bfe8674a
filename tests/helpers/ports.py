"""Ports on loopback that stay free until their process binds them, and again whenever it is restarted.

They lie below the range out of which the kernel gives ports away, to whoever connects or asks for port 0. A process
takes them block by block; the block's name in the kernel's list of sockets keeps other test processes out of it.
"""

import random
import socket
from collections.abc import Iterator
from pathlib import Path

FIRST, BLOCK = 10_000, 100
GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def _ports() -> Iterator[int]:
    blocks = list(range(FIRST, int(GIVEN_AWAY.read_text().split()[0]) - BLOCK, BLOCK))
    random.SystemRandom().shuffle(blocks)
    for first in blocks:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
            try:
                name.bind(f"\0cws-tests-ports-{first}")
            except OSError:
                continue  # another process's
            yield from filter(_is_free, range(first, first + BLOCK))


_PORTS = _ports()


def free_ports(count: int) -> list[int]:
    """So many ports that this process has not given before."""
    return [next(_PORTS) for _ in range(count)]
