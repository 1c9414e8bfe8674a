"""Verify a ledger folder with nothing but the standard library: `python verify.py FOLDER [--checkpoint FILE] [--json]`.

Why alone: whoever doubts the ledger should not have to trust the code that wrote it. This file imports nothing of ours,
shares no line with the writer, and runs on a copied folder. Exit 0: sound; 1: tampered with; 2: wrong use.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

ENTRIES_PER_SEGMENT = 1_024
MAX_LINE_BYTES = 262_144
ACKNOWLEDGED = "acknowledged.json"
ZEROS = "0" * 64
ENTRY_FIELDS = {"body", "hash", "index", "kind", "prev", "ts_ns"}
ACK_FIELDS = {"bytes": int, "entries": int, "hash": str, "root": str, "segment": str}


@dataclass
class Walk:
    """What was found so far: for each sound entry its Merkle leaf hash, and its segment, end in bytes and hash."""

    leaves: list[bytes] = field(default_factory=list[bytes])
    ends: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    problems: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    expected: int = 0
    head: str = ZEROS
    lost: bool = False
    torn_bytes: int = 0

    def report(self, segment: str, line: int, entry: int, what: str) -> None:
        self.problems.append({"segment": segment, "line": line, "entry": entry, "what": what})


def verify(folder: Path, checkpoint: Path | None = None) -> dict[str, object]:
    """Check every byte; returns ok, entries, head, root, problems (segment, line, entry, what), torn_bytes, rollback.

    Entries, head and root are of the sound part. Raises ValueError when FOLDER is none or the checkpoint is unusable.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    walk, trusted = Walk(), read_checkpoint(checkpoint) if checkpoint else None
    ack = read_acknowledged(folder / ACKNOWLEDGED, walk)
    promise = (str(ack["segment"]), int(ack["bytes"])) if ack else ("without a promise all counts", 0)
    for segment in list_segments(folder, walk, promise):
        read_segment(folder / segment, walk, promise)
    if ack and not walk.problems:
        check_promise(walk, ack)
    rollback = check_rollback(walk, *trusted) if trusted else "not excluded"
    head, root = (walk.ends[-1][2] if walk.ends else ZEROS), merkle_root(walk.leaves).hex()
    found = {"ok": not walk.problems, "entries": len(walk.leaves), "head": head, "root": root}
    return {**found, "problems": walk.problems, "torn_bytes": walk.torn_bytes, "rollback": rollback}


def merkle_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word: split at the largest power of two below the number of leaves."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:])).digest()


def spell(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def parse(data: bytes) -> dict[str, Any] | None:
    """The JSON object that these bytes spell in the one canonical way, else None."""
    try:
        value: object = json.loads(data.decode("ascii"))
        is_canonical = isinstance(value, dict) and spell(cast("object", value)) == data
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if is_canonical else None


def read_checkpoint(path: Path) -> tuple[int, str]:
    try:
        value = json.loads(path.read_bytes())
        entries, root = value["entries"], value["root"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is no checkpoint: {error!r}") from error
    if type(entries) is not int or entries < 0 or not re.fullmatch("[0-9a-f]{64}", str(root)):
        raise ValueError(f"{path} is no checkpoint: entries must be a count and root 64 hex digits")
    return entries, root


def read_acknowledged(path: Path, walk: Walk) -> dict[str, Any] | None:
    data = path.read_bytes() if path.is_file() else b""
    ack = parse(data[:-1]) if data.endswith(b"\n") else None
    if ack and {name: type(value) for name, value in ack.items()} == ACK_FIELDS and ack["entries"] >= 0:
        return ack
    walk.report(
        ACKNOWLEDGED, 1, 0, f"{'flipped' if data else 'removed'}: the acknowledged length is damaged or missing"
    )
    return None


def list_segments(folder: Path, walk: Walk, promise: tuple[str, int]) -> list[str]:
    """The segment files in order; a gap before the promised place is reported."""
    names = sorted(path.name for path in folder.iterdir() if re.fullmatch(r"segment-\d{6}\.jsonl", path.name))
    for number in range(int(names[-1][8:14]) if names else 0):
        name = f"segment-{number:06d}.jsonl"
        if name not in names and (name, 0) < promise:
            walk.report(name, 1, number * ENTRIES_PER_SEGMENT, "removed: the segment is missing")
            walk.lost = True
    return names


def read_segment(path: Path, walk: Walk, promise: tuple[str, int]) -> None:
    """Split at line ends; a bad line at or behind the promised place begins the torn tail, before it is tampering."""
    data = path.read_bytes()
    start, number = 0, 0
    while start < len(data):
        end = data.find(b"\n", start, start + MAX_LINE_BYTES) + 1
        line = data[start : end - 1] if end else b""
        what = judge(line, path.name, walk)
        if walk.torn_bytes or (what and (path.name, start) >= promise):
            walk.torn_bytes += len(data) - start
            return
        start, number = end or len(data), number + 1
        if what:
            walk.report(path.name, number, walk.expected, what)
        # After a damaged line the next sound entry says where it stands, so that one fault is one report.
        entry = None if what.startswith("flipped") else parse(line)
        walk.lost = walk.lost or entry is None
        if entry and entry["index"] >= walk.expected:
            walk.expected, walk.head, walk.lost = entry["index"] + 1, entry["hash"], False
        if not walk.problems:
            walk.leaves.append(sha256(b"\x00" + line).digest())
            walk.ends.append((path.name, start, walk.head))


def judge(line: bytes, segment: str, walk: Walk) -> str:
    """What is wrong with a line where entry `walk.expected` should stand; "" when nothing is."""
    entry = parse(line)
    if entry is None or set(entry) != ENTRY_FIELDS or type(entry["index"]) is not int:
        return "flipped: not an entry in canonical JSON"
    if sha256(spell({name: entry[name] for name in entry if name != "hash"})).hexdigest() != entry["hash"]:
        return "flipped: the content does not match its hash"
    is_kind = isinstance(entry["kind"], str) and re.fullmatch("[a-z][a-z0-9_]{0,63}", entry["kind"])
    if type(entry["ts_ns"]) is not int or not isinstance(entry["body"], dict) or not is_kind:
        return "rewritten: a field has the wrong type"
    if entry["index"] < walk.expected or (entry["index"] > walk.expected and not walk.lost):
        return f"removed or reordered: entry {entry['index']} stands where entry {walk.expected} belongs"
    if segment != f"segment-{entry['index'] // ENTRIES_PER_SEGMENT:06d}.jsonl":
        return f"reordered: entry {entry['index']} does not belong in this segment"
    if entry["prev"] != walk.head and not walk.lost:
        return "rewritten: the entry does not follow its predecessor's hash"
    return ""


def check_promise(walk: Walk, ack: dict[str, Any]) -> None:
    """The acknowledged entries are all there, end where they ended, and have the root that they had."""
    count, found = int(ack["entries"]), len(walk.leaves)
    if count > found:
        at, line = f"segment-{found // ENTRIES_PER_SEGMENT:06d}.jsonl", found % ENTRIES_PER_SEGMENT + 1
        walk.report(at, line, found, f"removed: {found} entries stand, {count} were acknowledged")
        return
    end = walk.ends[count - 1] if count else ("segment-000000.jsonl", 0, ZEROS)
    if (*end, merkle_root(walk.leaves[:count]).hex()) != (ack["segment"], ack["bytes"], ack["hash"], ack["root"]):
        walk.report(ACKNOWLEDGED, 1, max(count - 1, 0), "flipped or rewritten: it does not fit the entries")


def check_rollback(walk: Walk, entries: int, root: str) -> str:
    found = len(walk.leaves)
    if entries <= found and merkle_root(walk.leaves[:entries]).hex() == root:
        return "excluded"
    what = "cut" if entries > found else "rewritten"
    walk.report("checkpoint", 1, min(entries, found), f"{what}: it saw {entries} entries, {found} are sound")
    return "detected"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="verify.py", description="Verify a copied ledger folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="JSON with entries and root, as an older acknowledged.json")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        found = verify(options.folder, options.checkpoint)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"verify.py: {error}\n")
        return 2 if isinstance(error, ValueError) else 1
    facts = [f"{name}: {found[name]}" for name in ("ok", "entries", "head", "root", "torn_bytes")]
    faults = ["{segment}, line {line}, entry {entry}: {what}".format(**each) for each in cast("Any", found["problems"])]
    lines = [json.dumps(found)] if options.json else [*facts, *faults, f"rollback {found['rollback']}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
