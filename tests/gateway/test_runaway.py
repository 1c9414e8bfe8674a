"""A strategy that runs away: 100,000 intents a second into the ring, and no more than its bucket at the venue."""

import mmap
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from three_processes import BUILT, World, until
from venue_journal import cancels, entered

pytestmark = BUILT

# The layout of gateway/crates/abi: ring.rs, records.rs.
MAGIC, HEAD, RECORDS, CAPACITY, CURSOR = b"CWSRING1", 64, 128, 1 << 17, 64
INTENT = np.dtype(
    [
        ("seq", "<u8"), ("order_id", "<u8"), ("parent_id", "<u8"), ("orig_order_id", "<u8"), ("ts_recv_ns", "<u8"),
        ("price", "<i8"), ("quantity", "<i8"), ("symbol", "<u2"), ("strategy", "<u2"), ("kind", "u1"), ("side", "u1"),
        ("terms", "u1"), ("version", "u1"),
    ]
)  # fmt: skip
RATE, BURST, KILLS_AT = 100, 200, 1_000
INTENTS, BLOCK, PAUSE_S = 100_000, 1_000, 0.01


class Producer:
    """The gateway's side of shared memory, without a gateway: it beats, writes intents, and reads off executions."""

    def __init__(self, folder: Path, first_id: int) -> None:
        self.folder, self.first_id, self.written = folder, first_id, 0
        self.ring = _mapped(folder / "intents.ring", RECORDS + CAPACITY * INTENT.itemsize)
        self.ring[:24] = MAGIC + struct.pack("<QQ", INTENT.itemsize, CAPACITY)
        self.pulse = _mapped(folder / "gateway.beat", CURSOR)
        self.seen = _mapped(folder / "executions.cursor", CURSOR)
        self.beat()

    def beat(self) -> None:
        self.pulse[:8] = struct.pack("<Q", time.clock_gettime_ns(time.CLOCK_MONOTONIC))
        executions = self.folder / "executions.ring"
        with executions.open("rb") as ring:
            ring.seek(HEAD)
            self.seen[:8] = ring.read(8)

    def push(self, count: int) -> None:
        """Limit orders to buy one share; the ring must have room."""
        made = np.zeros(count, INTENT)
        made["seq"] = self.written + 1 + np.arange(count)
        made["order_id"] = self.first_id + made["seq"]
        made["ts_recv_ns"] = time.time_ns()
        for name, value in {"parent_id": 1, "price": 90 * 10**9, "quantity": 1, "symbol": 1, "strategy": 1}.items():
            made[name] = value
        for name in ("kind", "side", "terms", "version"):
            made[name] = 1
        first = RECORDS + (self.written % CAPACITY) * INTENT.itemsize
        self.ring[first : first + made.nbytes] = made.tobytes()
        self.written += count
        self.ring[HEAD : HEAD + 8] = struct.pack("<Q", self.written)
        self.beat()

    def taken(self) -> int:
        self.beat()
        return int.from_bytes((self.folder / "intents.cursor").read_bytes()[:8], "little")


def _mapped(path: Path, size: int) -> mmap.mmap:
    path.write_bytes(bytes(size))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), size)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    limited = {"messages_per_s": RATE, "message_burst": BURST, "rate_kills_at": KILLS_AT}
    made = World(tmp_path / "runaway", "free", [], flow={"kind": "synthetic"}, limited=limited)
    try:
        for name in ("venue", "risk"):
            made.start(name)
        yield made
    finally:
        made.stop_all()


def test_a_runaway_strategy_is_stopped_within_its_bucket(world: World) -> None:
    build = blake3(Path("/proc/self/exe").read_bytes()).hexdigest()
    assert world.ask("risk", cmd="gateway", build_hash=build)["ok"]
    epoch = int(world.ask("risk", cmd="epoch")["epoch"])
    order = {"parent_id": 1, "strategy": "test", "strategy_no": 1, "symbol": "ABC", "side": "buy"}
    assert world.ask("risk", cmd="parent", **order, quantity=INTENTS, limit_price=0)["ok"]
    producer = Producer(world.folder, ord("H") << 56 | epoch << 40)

    def active() -> bool:
        producer.beat()
        return bool(world.ask("risk", cmd="status")["state"] == "ACTIVE")

    until(active, world.log("risk"))
    began_s = time.monotonic()
    for _ in range(INTENTS // BLOCK):
        producer.push(BLOCK)
        time.sleep(PAUSE_S)
    until(lambda: producer.taken() == INTENTS, "risk has judged them all")
    bucket = BURST + RATE * (time.monotonic() - began_s)
    status = world.ask("risk", cmd="status")
    assert status["killed"]["strategies"] == ["test"], status
    assert status["intents"] == INTENTS and 0 < status["approved"] <= bucket, status
    assert status["refused"]["R09"] >= KILLS_AT and set(status["refused"]) == {"R09", "R16"}, status

    def cancelled() -> bool:
        producer.beat()
        return int(world.ask("risk", cmd="open_orders")["count"]) == 0

    until(cancelled, world.log("risk"))
    arrived = len(entered(world.folder))
    assert arrived == status["approved"] and cancels(world.folder) == arrived, "each that rests is cancelled, once"
    producer.push(BLOCK)
    until(lambda: producer.taken() == INTENTS + BLOCK, "risk has judged them all")
    assert len(entered(world.folder)) == arrived
