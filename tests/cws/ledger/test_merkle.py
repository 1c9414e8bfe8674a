"""Known answers: the eight leaves of the certificate-transparency reference tests, and the tree's own definition."""

from __future__ import annotations

from hashlib import sha256

import pytest

from cws.ledger import verify
from cws.ledger.merkle import EMPTY, Frontier, leaf_hash, node_hash, push, root_hash

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def grow(leaves: list[bytes]) -> Frontier:
    frontier = EMPTY
    for leaf in leaves:
        frontier = push(frontier, leaf)
    return frontier


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, with the split found by counting up."""
    if len(leaves) <= 1:
        return leaf_hash(leaves[0]) if leaves else sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    leaves = [bytes.fromhex(leaf) for leaf in LEAVES[:size]]
    assert root_hash(grow(leaves)).hex() == ROOTS[size]
    assert verify.merkle_root([sha256(b"\x00" + leaf).digest() for leaf in leaves]).hex() == ROOTS[size]


def test_the_grown_root_is_the_recursive_root_at_every_size_up_to_a_thousand() -> None:
    leaves = [f"leaf {i}".encode() for i in range(1_000)]
    hashes = [leaf_hash(leaf) for leaf in leaves]
    frontier = EMPTY
    for size, leaf in enumerate(leaves, start=1):
        frontier = push(frontier, leaf)
        if size % 37 == 0 or size in (1, 2, 3, 255, 256, 257, 1_000):
            assert root_hash(frontier) == naive_root(leaves[:size]) == verify.merkle_root(hashes[:size])
    assert (frontier.size, len(frontier.peaks)) == (1_000, (1_000).bit_count())


def test_a_leaf_is_never_taken_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert root_hash(grow([b"a", b"b"])) != leaf_hash(left + right)
