"""ITCH 5.0 to arrays against itchcpp: the same bytes, every message about an order.

`python -m benchmarks.itch [--json] [--messages N] [--rounds N]`. Ours gives one array (kernels.native.itch50_orders).
The peer is itchcpp, whose parser is C++; it makes an object a message and is only asked to make them, not for their
fields. Both run on one thread of this process. itchfeed, the parser in Python that took 2.0 us a message here before,
is not in the lock: itchcpp has its interface and is the faster of the two. The limit is memory: the bytes read once.
"""

import argparse
import sys
from importlib.metadata import version

import numpy as np

from benchmarks.machine import facts, interleaved, show, show_lines
from kernels import native

MESSAGES, ROUNDS, PEER_SHARE = 500_000, 7, 25
# Type, bytes, share: an assumed mix, mostly adds and deletes.
MIX = {
    b"A": (36, 0.42), b"F": (40, 0.02), b"E": (31, 0.07), b"C": (36, 0.01), b"X": (23, 0.03), b"D": (19, 0.37),
    b"U": (35, 0.08),
}  # fmt: skip


def stream(messages: int, seed: int = 1) -> list[bytes]:
    """Random messages about orders, each behind its length; what stands in their fields is noise."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(len(MIX), messages, p=[share for _, share in MIX.values()])
    known = [(kind, length) for kind, (length, _) in MIX.items()]
    chosen = (known[kind] for kind in kinds)
    return [length.to_bytes(2, "big") + kind + rng.bytes(length - 1) for kind, length in chosen]


def report(messages: int, rounds: int) -> dict[str, object]:
    """Median CPU time a message, of ours and of the peer, on one stream; the peer gets its first part."""
    from itchcpp import MessageParser

    blocks = stream(messages)
    data, part = b"".join(blocks), b"".join(blocks[: messages // PEER_SHARE])
    parser = MessageParser()
    assert len(native.itch50_orders(data, 0)) == messages
    assert sum(1 for _ in parser.parse_stream(part)) == messages // PEER_SHARE
    words = np.frombuffer(data[: len(data) // 8 * 8], np.uint64)
    took = interleaved(
        {
            "ours": lambda: native.itch50_orders(data, 0),
            "peer": lambda: sum(1 for _ in parser.parse_stream(part)),
            "read": words.max,
        },
        rounds,
    )
    ours, read = took["ours"]["cpu_ms"] * 1e6 / messages, took["read"]["cpu_ms"] * 1e6 / messages
    peer = took["peer"]["cpu_ms"] * 1e6 / (messages // PEER_SHARE)
    return {
        "name": "itch",
        "ours_ns": round(ours, 2),
        "peer": f"itchcpp {version('itchcpp')}",
        "peer_ns": round(peer, 2),
        "ratio": round(peer / ours, 2),
        "limit": "memory: the bytes of the stream read once",
        "of_limit": round(read / ours, 3),
        "messages": messages,
        "megabytes_per_s": round(len(data) / messages / ours * 1e3, 1),
        **facts(),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.itch", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one object instead of lines")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="messages of the stream")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="timed repetitions, interleaved")
    options = parser.parse_args(arguments)
    try:
        found = report(options.messages, options.rounds)
    except native.NativeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    (show if options.json else show_lines)(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
