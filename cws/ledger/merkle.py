"""The RFC 6962 Merkle tree, grown one leaf at a time.

Why a frontier: the peaks of the perfect subtrees are all that a root needs, so an append costs O(log n) and no tree
is kept.
Source: RFC 6962, section 2.1 (leaf prefix 0x00, node prefix 0x01, SHA-256).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class Frontier:
    """The perfect subtrees of a tree of `size` leaves: their hashes (32 bytes each), largest subtree first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()


EMPTY = Frontier()


def leaf_hash(data: bytes) -> bytes:
    """32-byte hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """32-byte hash of an inner node over two 32-byte hashes."""
    return sha256(b"\x01" + left + right).digest()


def push(frontier: Frontier, data: bytes) -> Frontier:
    """The frontier after one more leaf; each trailing one bit of the old size is a subtree that merges."""
    peaks, carry, bits = list(frontier.peaks), leaf_hash(data), frontier.size
    while bits & 1:
        carry = node_hash(peaks.pop(), carry)
        bits >>= 1
    return Frontier(frontier.size + 1, (*peaks, carry))


def root_hash(frontier: Frontier) -> bytes:
    """32-byte root of the tree; SHA-256 of nothing for the empty tree."""
    if not frontier.peaks:
        return sha256(b"").digest()
    root = frontier.peaks[-1]
    for peak in reversed(frontier.peaks[:-1]):
        root = node_hash(peak, root)
    return root
