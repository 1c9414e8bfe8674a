"""The verified part of a ledger in memory, and the one way to make it longer: follow the segment files.

Why position decides: bytes before the acknowledged length were promised, so a fault there is tampering; bytes after it
were never promised, so a fault there is a torn tail.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from cws.ledger.acknowledged import Acknowledged
from cws.ledger.entry import GENESIS, MAX_LINE_BYTES, fault_in
from cws.ledger.merkle import EMPTY, Frontier, push, root_hash
from modules.errors import CwsError

ENTRIES_PER_SEGMENT = 1_024
MAX_SEGMENTS = 1_000_000
MAX_SEGMENT_BYTES = 268_435_456
SEGMENT_NAME = re.compile(r"segment-(\d{6})\.jsonl")

assert ENTRIES_PER_SEGMENT * MAX_LINE_BYTES <= MAX_SEGMENT_BYTES


@dataclass
class Chain:
    """Verified lines (without line ends), their kinds, and where they end: byte `offset_bytes` of segment `segment`."""

    lines: list[bytes] = field(default_factory=list[bytes])
    kinds: list[str] = field(default_factory=list[str])
    hash: str = GENESIS
    frontier: Frontier = EMPTY
    segment: int = 0
    offset_bytes: int = 0


def segment_of(index: int) -> int:
    """The number of the segment that holds entry `index`: its place follows from its index alone."""
    return index // ENTRIES_PER_SEGMENT


def segment_name(number: int) -> str:
    """The file of entries number * ENTRIES_PER_SEGMENT and on."""
    assert 0 <= number < MAX_SEGMENTS
    return f"segment-{number:06d}.jsonl"


def segment_numbers(folder: Path) -> list[int]:
    """The numbers of the segment files in the folder, ascending."""
    found = (SEGMENT_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def add(chain: Chain, line: bytes) -> None:
    """Take in one checked line; a new segment begins when the entry's index says so."""
    number = segment_of(len(chain.lines))
    if number != chain.segment:
        chain.segment, chain.offset_bytes = number, 0
    fields = json.loads(line)
    chain.lines.append(line)
    chain.kinds.append(fields["kind"])
    chain.hash = fields["hash"]
    chain.frontier = push(chain.frontier, line)
    chain.offset_bytes += len(line) + 1


def measure(chain: Chain) -> Acknowledged:
    """What would be acknowledged if this chain were all there is."""
    root = root_hash(chain.frontier).hex()
    return Acknowledged(len(chain.lines), chain.hash, root, segment_name(chain.segment), chain.offset_bytes)


def follow(folder: Path, chain: Chain, acknowledged: Acknowledged) -> int:
    """Lengthen the chain by all that is sound on disk; returns the bytes of the torn tail behind it.

    Raises CWS-LEDGER-004 (a fault before the acknowledged length), -005 (it ends too early), -008 (its hashes differ).
    """
    torn_bytes = 0
    last = max([chain.segment, *segment_numbers(folder)])
    _compare(folder, chain, acknowledged)
    for number in range(chain.segment, last + 1):
        start = chain.offset_bytes if number == chain.segment else 0
        data = _read_from(folder / segment_name(number), start)
        used, fault = (0, "") if torn_bytes else _take_in(folder, chain, acknowledged, number, data)
        if fault and _place(number, start + used) < _promise(acknowledged):
            _refuse_damage(folder, chain, number, fault)
        torn_bytes += len(data) - used
    if len(chain.lines) < acknowledged.entries:
        _refuse_missing(folder, chain, acknowledged)
    return torn_bytes


def _take_in(folder: Path, chain: Chain, acknowledged: Acknowledged, number: int, data: bytes) -> tuple[int, str]:
    """The bytes of sound lines at the front of the data, and the fault of the line after them ("" at the end)."""
    used = 0
    while used < len(data):
        end = data.find(b"\n", used, used + MAX_LINE_BYTES)
        if end < 0:
            return used, "the line is incomplete or too long"
        line = data[used:end]
        fault = fault_in(line, len(chain.lines), chain.hash)
        if fault is None and segment_of(len(chain.lines)) != number:
            fault = "the entry stands in the wrong segment"
        if fault is not None:
            return used, fault
        add(chain, line)
        used = end + 1
        _compare(folder, chain, acknowledged)
    return used, ""


def _read_from(path: Path, offset_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset_bytes)
            return file.read(MAX_SEGMENT_BYTES + 1)
    except FileNotFoundError:
        return b""


def _place(number: int, offset_bytes: int) -> tuple[str, int]:
    return segment_name(number), offset_bytes


def _promise(acknowledged: Acknowledged) -> tuple[str, int]:
    return acknowledged.segment, acknowledged.bytes


def _compare(folder: Path, chain: Chain, acknowledged: Acknowledged) -> None:
    if len(chain.lines) == acknowledged.entries and measure(chain) != acknowledged:
        raise CwsError(
            "CWS-LEDGER-008",
            what=f"the first {acknowledged.entries} entries are not those that were acknowledged",
            where=f"{folder}: {segment_name(chain.segment)}, entry {len(chain.lines) - 1}",
            fix="run `cws ledger verify`, then restore the ledger from a copy",
        )


def _refuse_damage(folder: Path, chain: Chain, number: int, fault: str) -> None:
    line = max(len(chain.lines) - number * ENTRIES_PER_SEGMENT, 0) + 1
    raise CwsError(
        "CWS-LEDGER-004",
        what=f"an acknowledged entry was changed, moved or removed: {fault}",
        where=f"{folder}: {segment_name(number)}, line {line}, entry {len(chain.lines)}",
        fix="run `cws ledger verify`, then restore the ledger from a copy",
    )


def _refuse_missing(folder: Path, chain: Chain, acknowledged: Acknowledged) -> None:
    raise CwsError(
        "CWS-LEDGER-005",
        what=f"{len(chain.lines)} entries are left of {acknowledged.entries} that were acknowledged",
        where=f"{folder}: {segment_name(segment_of(len(chain.lines)))}, entry {len(chain.lines)}",
        fix="run `cws ledger verify`, then restore the ledger from a copy",
    )
