"""How far the ledger has promised: `acknowledged.json`, replaced atomically after the data it speaks of is durable.

Why a file of its own: what is missing before this length is tampering, what is broken after it is only a torn tail.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

from cws.ledger.disk import replace_file
from cws.ledger.entry import GENESIS, canonical
from modules.errors import CwsError

FILE_NAME = "acknowledged.json"
MAX_FILE_BYTES = 4_096


@dataclass(frozen=True)
class Acknowledged:
    """`entries` entries end at byte `bytes` of file `segment`; `hash` is the last one's, `root` the Merkle root."""

    entries: int
    hash: str
    root: str
    segment: str
    bytes: int


NOTHING = Acknowledged(0, GENESIS, sha256(b"").hexdigest(), "segment-000000.jsonl", 0)


def write_acknowledged(folder: Path, acknowledged: Acknowledged) -> None:
    """Durable when it returns."""
    replace_file(folder / FILE_NAME, canonical(asdict(acknowledged)) + b"\n")


def read_acknowledged(folder: Path) -> Acknowledged | None:
    """None when there is no such file. Raises CWS-LEDGER-007 when one byte of it is not as written."""
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    found = _parse(data)
    if found is None:
        raise CwsError(
            "CWS-LEDGER-007",
            what="the file that holds the acknowledged length is damaged",
            where=str(path),
            fix="run `cws ledger verify`, then restore the ledger from a copy; never edit it",
        )
    return found


def _parse(data: bytes) -> Acknowledged | None:
    try:
        raw: object = json.loads(data.decode("ascii"))
        if not isinstance(raw, dict) or canonical(cast("object", raw)) + b"\n" != data:
            return None
    except (ValueError, RecursionError):
        return None
    fields = cast("dict[str, object]", raw)
    if {name: type(value) for name, value in fields.items()} != {n: type(v) for n, v in asdict(NOTHING).items()}:
        return None
    found = Acknowledged(**fields)  # pyright: ignore[reportArgumentType]
    return found if found.entries >= 0 else None
