"""A/A: the baseline once more, in a process that has computed nothing yet, from the source and never from a cache."""

import multiprocessing
from collections.abc import Callable, Sequence
from typing import TypeVar

from cws.ablation.ground import Source
from cws.ablation.rehearsal import rehearse
from modules.contract import STAGES
from modules.sealed import Sealed

# Generous: a baseline takes seconds, and its process a few more to import.
LIMIT_S = 600.0
Asked = TypeVar("Asked")
Found = TypeVar("Found")


def hashes_again(sources: Sequence[Source]) -> dict[str, str]:
    """Equity hash of each source's baseline, by name; a baseline that fails gives what it said instead."""
    return in_fresh_process(_hashes, list(sources))


def in_fresh_process(work: Callable[[Asked], Found], asked: Asked) -> Found:
    """What `work` says in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(work, (asked,)).get(LIMIT_S)


def _hashes(sources: Sequence[Source]) -> dict[str, str]:
    return {source.name: baseline_hash(source) for source in sources}


def baseline_hash(source: Source) -> str:
    """Nothing is opened: a sealed outcome shows its hash."""
    ground = source.open()
    stages = STAGES[STAGES.index(ground.begins) : STAGES.index("backtest") + 1]
    found = rehearse(ground, stages)
    equity = found.tables.get("equity")
    return equity.hash if isinstance(equity, Sealed) else found.failure
