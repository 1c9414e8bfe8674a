"""Journals written by hand, byte for byte as `gateway/crates/journal/src/lib.rs` describes them."""

import struct
from collections.abc import Sequence
from pathlib import Path

from blake3 import blake3

from cws.execution import entries as read


def head(created_ns: int = 1, number: int = 0) -> bytes:
    first = struct.pack("<8sIIQ", b"CWSJRNL1", 1, number, created_ns)
    return first + blake3(first).digest(8)


def journal(path: Path, records: Sequence[tuple[int, bytes]], created_ns: int = 1, per_file: int = 1 << 20) -> bytes:
    """Write (kind, payload) records, so many a file; record n is of time 1,000 n ns. Returns the bytes of all files."""
    whole, digest = b"", b""
    for number, first in enumerate(range(0, max(len(records), 1), per_file)):
        data = head(created_ns, number)
        digest = blake3(digest + data).digest()
        for seq, (kind, payload) in enumerate(records[first : first + per_file], first + 1):
            front = struct.pack("<IHHQQ", len(payload), kind, 0, seq, 1_000 * seq)
            front += blake3(front).digest(8)
            digest = blake3(digest + front + payload).digest()
            data += front + digest + payload
        file_of(path, number).write_bytes(data)
        whole += data
    return whole


def file_of(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}") if number else path


def text(*words: str) -> bytes:
    return b"".join(struct.pack("<H", len(word.encode())) + word.encode() for word in words)


def order_id(counter: int) -> int:
    return ord("H") << 56 | 1 << 40 | counter


def intent(counter: int, parent: int, quantity: int = 10, seq: int | None = None, kind: int = 1) -> tuple[int, bytes]:
    fields = (seq or counter, order_id(counter), parent, 0, 500, 0, quantity, 1, 7, kind, 1, 2, 1)
    return read.INTENT, struct.pack("<5Q2q2H4B", *fields)


def decision(counter: int, reason: int = 0) -> tuple[int, bytes]:
    return read.DECISION, struct.pack("<QQH", counter, order_id(counter), reason)


def sent(counter: int) -> tuple[int, bytes]:
    return read.SENT, struct.pack("<QQH", order_id(counter), 0, 2) + b"OU"


def execution(
    counter: int, parent: int, kind: int, exec_id: int = 0, quantity: int = 0, price: int = 0, cum: int = 0,
    side: int = 1, reason: int = 0, record: int = read.EXECUTION, ts_event_ns: int = 0, old: int = 0, leaves: int = 0,
) -> tuple[int, bytes]:  # fmt: skip
    replaced = order_id(old) if old else 0
    fields = (counter, order_id(counter), parent, replaced, exec_id, 1, 1, ts_event_ns)
    fields += (price, quantity, cum, leaves, 1, 7, reason)
    return record, struct.pack("<7QQ4q3H2B3Q", *fields, kind, side, 0, 0, 0)


def filled(counter: int, parent: int, exec_id: int, quantity: int, **more: int) -> tuple[int, bytes]:
    return execution(counter, parent, 4, exec_id, quantity, 5_000_000_000, quantity, **more)


def kill(scope: int, trigger: int, *words: str) -> tuple[int, bytes]:
    return read.KILL, bytes([scope, trigger]) + text(*words)


def parent(parent_id: int, *words: str) -> tuple[int, bytes]:
    """`words`: strategy, symbol, style, patch, data version, ledger id."""
    return read.PARENT, struct.pack("<QHHBqqqQQ", parent_id, 7, 1, 1, 10, 0, 5, 0, 0) + text(*words)
