"""A/A: the baseline once more, in a process that has computed nothing yet, from the source and never from a cache."""

import multiprocessing
from collections.abc import Sequence

from cws.ablation.ground import Source
from cws.ablation.rehearsal import rehearse
from modules.contract import STAGES
from modules.sealed import Sealed

# Generous: a baseline takes seconds, and its process a few more to import.
LIMIT_S = 600.0


def hashes_again(sources: Sequence[Source]) -> dict[str, str]:
    """Equity hash of each source's baseline, by name; a baseline that fails gives what it said instead."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(_hashes, (list(sources),)).get(LIMIT_S)


def _hashes(sources: Sequence[Source]) -> dict[str, str]:
    return {source.name: baseline_hash(source) for source in sources}


def baseline_hash(source: Source) -> str:
    """Nothing is opened: a sealed outcome shows its hash."""
    ground = source.open()
    stages = STAGES[STAGES.index(ground.begins) : STAGES.index("backtest") + 1]
    found = rehearse(ground, stages)
    equity = found.tables.get("equity")
    return equity.hash if isinstance(equity, Sealed) else found.failure
