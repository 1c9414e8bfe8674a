"""The house: one home with its lake and its ledger, opened together. What every stage is handed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cws.execution.binaries import native_in
from cws.home import KEEP_RUNS, Home, Settings, home_at
from cws.lake.lake import Lake
from cws.ledger.ledger import Ledger
from cws.traces import TraceBuffer


@dataclass(frozen=True)
class House:
    home: Home
    ledger: Ledger
    lake: Lake
    clock_ns: Callable[[], int]
    lock_wait_s: float = 0.0
    traces: TraceBuffer = field(default_factory=TraceBuffer)
    # Where the native binaries are; None: fills are on paper.
    native: Path | None = None
    # Run folders of the gateway that are kept.
    keep_runs: int = KEEP_RUNS


def open_house(chosen: Settings, clock_ns: Callable[[], int] = time.time_ns) -> House:
    """Name the folders; nothing is read or written before the first use."""
    native = native_in(chosen.gateway_bin, chosen.execution)
    house = house_at(chosen.home, clock_ns, chosen.lock_wait_s)
    return replace(house, native=native, keep_runs=chosen.gateway_runs)


def house_at(folder: Path, clock_ns: Callable[[], int] = time.time_ns, lock_wait_s: float = 0.0) -> House:
    """The house of a home's folder: what a worker process opens, which is told nothing else."""
    home = home_at(folder)
    ledger = Ledger(home.ledger, clock_ns)
    return House(home, ledger, Lake(home.lake, ledger), clock_ns, lock_wait_s)
