"""Signed statements about journals in the ledger: at record `seq` the chain had this hash, and so much had happened.

A `journal` entry is one checkpoint; kills and limits that the journal tells of become entries of their own.
The signed bytes are those of `gateway/crates/journal/src/checkpoint.rs`: either side verifies the other's.
"""

import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cws.execution import entries as read
from cws.execution.journal import Journal, Record, read_journal
from cws.execution.keys import is_signed, public_hex
from cws.ledger.ledger import Ledger

KIND, KILL, REARM, LIMITS = "journal", "kill", "rearm", "limits"
DOMAIN = b"CWS-CHECKPOINT-1"
_MESSAGE = struct.Struct("<16sQQQ32s")


def message(created_ns: int, seq: int, ts_ns: int, digest: str) -> bytes:
    """The signed bytes: domain, journal, record, time of the statement, hash of the chain."""
    return _MESSAGE.pack(DOMAIN, created_ns, seq, ts_ns, bytes.fromhex(digest))


def ingest(
    ledger: Ledger, key: Ed25519PrivateKey, run: str, journal: Journal, now_ns: int, told: Mapping[str, object]
) -> int:
    """Put what is new in a run's journal into the ledger, as one group; returns the checkpoint's ledger index.

    `told` is what the entry says besides. A journal whose head stands there already adds nothing.
    """
    last = last_checkpoint(ledger, run)
    if last is not None and (last["seq"], last["created_ns"]) == (journal.seq, journal.created_ns):
        return int(last["ledger_index"])
    seen = int(last["seq"]) if last is not None and last["created_ns"] == journal.created_ns else 0
    told_before = {_words(entry.body) for entry in ledger.entries(KILL)}
    items = [item for record in journal.records[seen:] for item in _said(run, record, told_before)]
    signature = key.sign(message(journal.created_ns, journal.seq, now_ns, journal.hash)).hex()
    body: dict[str, object] = {
        "run": run, "created_ns": journal.created_ns, "seq": journal.seq, "ts_ns": now_ns, "hash": journal.hash,
        "signature": signature, "public_key": public_hex(key), "torn_bytes": journal.torn_bytes,
        **told, "counts": {read.KINDS.get(kind, str(kind)): count for kind, count in journal.counts.items()},
    }  # fmt: skip
    return ledger.append_many([*items, (KIND, body)])[-1].index


def _words(kill: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(kill[name]) for name in ("scope", "name", "who", "reason"))


def _said(run: str, record: Record, told_before: Collection[tuple[str, ...]]) -> list[tuple[str, Mapping[str, object]]]:
    """A kill or limits record as an entry; what `cws kill` asked for stands in the ledger already."""
    where = {"run": run, "seq": record.seq, "journal_ts_ns": record.ts_ns}
    if record.kind == read.KILL:
        kill = read.kill(record)
        if kill.trigger == "command" and _words(kill._asdict()) in told_before:
            return []
        return [(KILL, {**kill._asdict(), **where})]
    if record.kind == read.LIMITS:
        version, digest = read.limits(record)
        return [(LIMITS, {"version": version, "hash": digest, **where})]
    return []


def last_checkpoint(ledger: Ledger, run: str) -> dict[str, Any] | None:
    """Body of the run's last `journal` entry, with `ledger_index`."""
    for entry in reversed(ledger.entries(KIND)):
        if entry.body["run"] == run:
            return {**entry.body, "ledger_index": entry.index}
    return None


def fault_in(checkpoint: Mapping[str, Any], public: str, path: Path | None) -> str:
    """What is wrong with a checkpoint, or with the journal at `path` that it speaks of; nothing where both hold.

    `public` is the key that may sign: the one beside the signature says nothing, whoever forges has one too.
    Raises what `read_journal` raises.
    """
    fields = (int(checkpoint["created_ns"]), int(checkpoint["seq"]), int(checkpoint["ts_ns"]), str(checkpoint["hash"]))
    if not is_signed(public, str(checkpoint["signature"]), message(*fields)):
        return "the signature is not this home's key's"
    if path is None:
        return ""
    journal = read_journal(path, last_seq=fields[1])
    if journal.created_ns != fields[0]:
        return "it speaks of another journal"
    if (journal.seq, journal.hash) != (fields[1], fields[3]):
        return "the chain has another hash at this record, or ends before it"
    return ""
