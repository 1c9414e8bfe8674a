"""One ledger entry as one line of canonical JSON: built, checked and parsed here, nowhere else.

Why canonical: the hash is over bytes, so an entry has exactly one spelling (sorted keys, no spaces, ascii, no NaN).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from modules.errors import CwsError

MAX_LINE_BYTES = 262_144
MAX_BODY_DEPTH = 32
GENESIS = "0" * 64
KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")
FIELDS = frozenset({"body", "hash", "index", "kind", "prev", "ts_ns"})


@dataclass(frozen=True)
class Entry:
    """`hash` (hex SHA-256) is over the canonical JSON of all other fields; `prev` is the predecessor's, or zeros."""

    index: int
    kind: str
    ts_ns: int
    body: dict[str, object]
    prev: str
    hash: str


def canonical(value: object) -> bytes:
    """The one spelling of a JSON value, as ascii bytes. Raises ValueError or TypeError for what JSON cannot hold."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def make_line(index: int, kind: str, ts_ns: int, body: Mapping[str, object], prev: str) -> bytes:
    """The line of one entry without its line end. Raises CWS-LEDGER-001 (body), -002 (size), -003 (kind)."""
    if not KIND.fullmatch(kind):
        raise CwsError(
            "CWS-LEDGER-003",
            what=f"the kind {kind[:80]!r} is not a lower-case name of at most 64 characters",
            where=f"entry {index}",
            fix="use letters a-z, digits and _, starting with a letter",
        )
    fields: dict[str, object] = {"body": body, "index": index, "kind": kind, "prev": prev, "ts_ns": ts_ns}
    try:
        _refuse_lossy(body, "body", MAX_BODY_DEPTH)
        digest = sha256(canonical(fields)).hexdigest()
        line = canonical({**fields, "hash": digest})
    except (ValueError, TypeError) as error:
        raise CwsError(
            "CWS-LEDGER-001",
            what=f"the body cannot be written as canonical JSON: {error}",
            where=f"entry {index}, kind {kind}",
            fix="give dicts with text keys, lists, text, finite numbers, true, false or null",
        ) from error
    if len(line) >= MAX_LINE_BYTES:
        raise CwsError(
            "CWS-LEDGER-002",
            what=f"the entry has {len(line)} bytes; with its line end the limit is {MAX_LINE_BYTES}",
            where=f"entry {index}, kind {kind}",
            fix="keep large data in the lake and record its hash here",
        )
    return line


def _refuse_lossy(value: object, path: str, depth_left: int) -> None:
    """json.dumps would turn a key 1 into "1" and recurse without end; both are refused before it sees them."""
    if depth_left == 0:
        raise ValueError(f"{path} is nested deeper than {MAX_BODY_DEPTH} levels")
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[object, object]", value).items():
            if not isinstance(key, str):
                raise TypeError(f"{path} has the key {key!r}, which is not text")
            _refuse_lossy(inner, f"{path}.{key}", depth_left - 1)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(cast("list[object]", value)):
            _refuse_lossy(inner, f"{path}[{place}]", depth_left - 1)


def decode(line: bytes) -> Entry:
    """The entry of a line that was checked before; each call gives a fresh body."""
    return Entry(**json.loads(line))


def fault_in(line: bytes, index: int, prev: str) -> str | None:
    """Why these bytes are not entry `index` after `prev`, or None when they are."""
    try:
        raw: object = json.loads(line.decode("ascii"))
        if not isinstance(raw, dict) or canonical(cast("object", raw)) != line:
            return "the line is not canonical JSON"
    except (ValueError, RecursionError):
        return "the line is not JSON"
    fields = cast("dict[str, object]", raw)
    if fields.keys() != FIELDS:
        return "the line has missing or unknown fields"
    claimed = fields.pop("hash")
    if sha256(canonical(fields)).hexdigest() != claimed:
        return "the content does not match its hash"
    if type(fields["index"]) is not int or fields["index"] != index:
        return f"entry {fields['index']!r} stands where entry {index} belongs"
    if fields["prev"] != prev:
        return "the entry does not follow its predecessor's hash"
    return _fault_in_types(fields)


def _fault_in_types(fields: Mapping[str, object]) -> str | None:
    """A chain can be hashed rightly over fields that no reader of this ledger expects."""
    kind, body = fields["kind"], fields["body"]
    if not isinstance(kind, str) or not KIND.fullmatch(kind):
        return "the kind is not a valid name"
    if type(fields["ts_ns"]) is not int or not isinstance(body, dict):
        return "the time or the body has the wrong type"
    return None
