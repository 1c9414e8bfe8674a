"""Bytes of the wire and their meaning, the obvious way: layouts read from their TOML, one message after the other."""

import struct
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from importlib.util import find_spec

import pytest
from blake3 import blake3
from hypothesis import strategies as st

from kernels.native import BUILD, LAYOUTS

LAYOUT = {m["type"]: m for m in tomllib.loads((LAYOUTS / "itch50.toml").read_text())["message"]}
SCALES = {"price4": 100_000, "price8": 10}
MASK = (1 << 64) - 1
BUILT = pytest.mark.skipif(find_spec("cws_native") is None, reason=f"cws_native is not built: {BUILD}")


def blocks(messages: Iterable[bytes]) -> bytes:
    """Each message behind its length."""
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


def size(kind: str) -> int:
    sizes = {"char": 1, "u8": 1, "u16": 2, "u32": 4, "i32": 4, "price4": 4, "u48": 6, "u64": 8, "price8": 8}
    return sizes.get(kind) or int(kind.removeprefix("alpha(").removesuffix(")"))


def decoded(message: bytes) -> dict[str, int | bytes]:
    """The fields of one message: numbers, prices in 1e-9, text as its bytes."""
    fields: dict[str, int | bytes] = {}
    for field in LAYOUT[chr(message[0])]["fields"]:
        raw = message[field["offset"] : field["offset"] + size(field["kind"])]
        text = field["kind"] == "char" or field["kind"].startswith("alpha")
        fields[field["name"]] = raw if text else int.from_bytes(raw, "big") * SCALES.get(field["kind"], 1)
    return fields


def frame(payload: bytes) -> bytes:
    """Ethernet, IPv4 and UDP headers before a payload; checksums are left out."""
    udp = struct.pack(">HHHH", 5_000, 6_000, 8 + len(payload), 0)
    ip = struct.pack(">BBHHHBBH4B4B", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, 10, 0, 0, 1, 239, 0, 0, 1)
    return bytes(12) + b"\x08\x00" + ip + udp + payload


def pcap(payloads: Iterable[bytes], start_s: int = 0) -> bytes:
    """A capture file with nanoseconds, a packet a second."""
    frames = [frame(payload) for payload in payloads]
    heads = [struct.pack("<4I", start_s + s, 7, len(f), len(f)) for s, f in enumerate(frames)]
    head = struct.pack("<IHH4I", 0xA1B23C4D, 2, 4, 0, 0, 65_535, 1)
    return head + b"".join(h + f for h, f in zip(heads, frames, strict=True))


def mold(sequence: int, messages: list[bytes]) -> bytes:
    return struct.pack(">10sQH", b"SESSION001", sequence, len(messages)) + blocks(messages)


def journal(payloads: Iterable[bytes], ts: int = 5, per_file: int = 1 << 20) -> bytes:
    """A journal as the crate `journal` describes it: its files one behind the other, so many records in each."""
    out, chain = b"", b""
    for number, payload in enumerate(payloads, 1):
        if (number - 1) % per_file == 0:
            head = struct.pack("<8sIIQ", b"CWSJRNL1", 1, (number - 1) // per_file, 1)
            head += blake3(head).digest(8)
            out, chain = out + head, blake3(chain + head).digest()
        record = struct.pack("<IHHQQ", len(payload), 13, 0, number, ts)
        record += blake3(record).digest(8)
        chain = blake3(chain + record + payload).digest()
        out += record + chain + payload
    return out


class Book:
    """Levels of queues by symbol; friendly messages only. The checksum is that of gateway/crates/book/src/rules.rs."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}  # reference: locate, side, price, shares; a dict keeps the queue's order

    def apply(self, message: bytes) -> None:
        fields, kind = decoded(message), chr(message[0])
        number = {name: value for name, value in fields.items() if isinstance(value, int)}
        reference = number.get("order_reference_number", number.get("original_order_reference_number", 0))
        if kind in "AF":
            side = int(fields["side"] == b"S")
            self.orders[reference] = [number["stock_locate"], side, number["price"], number["shares"]]
        elif kind == "U":
            locate, side, *_ = self.orders.pop(reference)
            new = number["new_order_reference_number"]
            self.orders[new] = [locate, side, number["price"], number["shares"]]
        elif kind == "D":
            del self.orders[reference]
        else:
            self.orders[reference][3] -= number.get("executed_shares", number.get("cancelled_shares", 0))
            if self.orders[reference][3] == 0:
                del self.orders[reference]

    def checksum(self, symbols: int) -> int:
        total = fold(fold(0, 0), len(self.orders))
        for locate in range(1, symbols + 1):
            total = fold(total, self._symbol(locate))
        return total

    def _symbol(self, locate: int) -> int:
        total = fold(0, 0)
        for side in (0, 1):
            levels: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for reference, (where, which, price, shares) in self.orders.items():
                if (where, which) == (locate, side):
                    levels[price // 100_000].append((reference, shares))
            total = fold(total, len(levels))
            for price in sorted(levels, reverse=side == 0):
                queue = levels[price]
                for word in (price, sum(shares for _, shares in queue), len(queue), *(w for o in queue for w in o)):
                    total = fold(total, word)
        return total


def fold(total: int, word: int) -> int:
    total ^= word
    total = (total << 29 | total >> 35) & MASK
    return total * 0x9E3779B97F4A7C15 & MASK


def any_message(kind: str) -> st.SearchStrategy[bytes]:
    body = st.binary(min_size=LAYOUT[kind]["length"] - 1, max_size=LAYOUT[kind]["length"] - 1)
    if kind == "V":  # prices in 1e-8 that int64 can say in 1e-9; the others are refused below
        body = body.map(lambda b: b[:10] + b"\0" + b[11:18] + b"\0" + b[19:26] + b"\0" + b[27:])
    return body.map(lambda b: kind.encode() + b)


MESSAGES = st.lists(st.sampled_from(sorted(LAYOUT)).flatmap(any_message), max_size=30)
