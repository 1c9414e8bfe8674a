"""How long an order took on its way, from a journal: software timestamps of two processes of one machine, UTC ns."""

from typing import TypedDict

from cws.execution import entries as read
from cws.execution.journal import Journal

# Upper edges in microseconds: 1, 2, 5 a decade, up to 10 s.
EDGES_US = (*(digit * 10**power for power in range(7) for digit in (1, 2, 5)), 10_000_000)


class Latency(TypedDict):
    """Packet seen by the gateway -> order written by risk. `counts` per edge, the last beyond all; quantiles in us."""

    name: str
    count: int
    edges_us: list[int]
    counts: list[int]
    p50_us: float
    p99_us: float
    p999_us: float


def histogram(journal: Journal) -> Latency:
    """Of the orders that were sent; empty quantiles are 0."""
    seen: dict[int, int] = {}
    times: list[float] = []
    for record in journal.records:
        if record.kind == read.INTENT:
            one = read.intent(record)
            seen[one.order_id] = one.ts_recv_ns
        elif record.kind == read.SENT:
            trigger_ns = seen.pop(int.from_bytes(record.payload[:8], "little"), None)
            if trigger_ns:
                times.append((record.ts_ns - trigger_ns) / 1_000.0)
    times.sort()
    counts = [0] * (len(EDGES_US) + 1)
    place = 0
    for time_us in times:
        while place < len(EDGES_US) and time_us > EDGES_US[place]:
            place += 1
        counts[place] += 1
    p50, p99, p999 = (_quantile(times, share) for share in (0.5, 0.99, 0.999))
    return {
        "name": "packet to order, software timestamps", "count": len(times), "edges_us": list(EDGES_US),
        "counts": counts, "p50_us": p50, "p99_us": p99, "p999_us": p999,
    }  # fmt: skip


def _quantile(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0
