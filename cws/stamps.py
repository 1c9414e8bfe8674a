"""When an idea became what: first named, first backtest, first verdict, first order. From the ledger alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Entry(Protocol):
    """What is read of a ledger entry."""

    @property
    def kind(self) -> str: ...
    @property
    def ts_ns(self) -> int: ...
    @property
    def body(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Stamps:
    """UTC ns of what happened first to a strategy; None for what has not happened.

    `idea_ns` is when the ledger first names it (a run that was to try it, or a trial), `backtest_ns` its first trial,
    `verdict_ns` the gate's first verdict on it, `order_ns` the first publication of its orders, which are on paper.
    """

    strategy: str
    idea_ns: int
    backtest_ns: int | None = None
    verdict_ns: int | None = None
    order_ns: int | None = None

    @property
    def idea_to_order_s(self) -> float | None:
        """Seconds from the idea to its first order."""
        return None if self.order_ns is None else (self.order_ns - self.idea_ns) / 1e9


FIELDS = ("backtest_ns", "verdict_ns", "order_ns")


def stamps(entries: Iterable[Entry]) -> list[Stamps]:
    """One Stamps a strategy that the ledger names, by name. Entries are in ledger order."""
    first: dict[str, dict[str, int]] = {}
    for entry in entries:
        for strategy, event in events(entry.kind, entry.body):
            seen = first.setdefault(strategy, {"idea_ns": entry.ts_ns})
            seen.setdefault(event, entry.ts_ns)
    return [
        Stamps(name, seen["idea_ns"], **{field: seen[field] for field in FIELDS if field in seen})
        for name, seen in sorted(first.items())
    ]


def events(kind: str, body: dict[str, Any]) -> Sequence[tuple[str, str]]:
    """(strategy, what happened to it) of one entry; empty for entries that say nothing of a strategy."""
    match kind:
        case "run":
            return [(str(name), "idea_ns") for name in body["strategies"]]
        case "trial":
            return [(str(body["strategy"]), "backtest_ns")]
        case "verdict":
            named = body.get("strategies") or ([body["strategy"]] if "strategy" in body else [])
            return [(str(name), "verdict_ns") for name in named]
        case "stage" if body["stage"] == "execute" and body["outputs"]["orders"]["rows"]:
            return [(str(body["unit"]), "order_ns")]
        case _:
            return []
