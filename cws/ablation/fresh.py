"""A/A: the baseline once more, in a process that has computed nothing yet, from the source and never from a cache."""

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import TypeVar

from cws.ablation.ground import Source
from cws.ablation.rehearsal import rehearse
from cws.patches import Patch
from cws.release import in_force, released
from modules.contract import STAGES
from modules.errors import CwsError
from modules.sealed import Sealed

# Generous: a baseline takes seconds, and its process a few more to import.
LIMIT_S = 600.0
Asked = TypeVar("Asked")
Found = TypeVar("Found")


def hashes_again(sources: Sequence[Source]) -> dict[str, str]:
    """Equity hash of each source's baseline, by name; a baseline that fails gives what it said instead."""
    return in_fresh_process(_hashes, list(sources))


def in_fresh_process(work: Callable[[Asked], Found], asked: Asked) -> Found:
    """What `work` says in a process of its own, which ends with its answer, its parent, or LIMIT_S.

    Raises CWS-ABLATE-004 when no answer came.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(there, work, asked, in_force()), daemon=True)
    child.start()
    there.close()
    try:
        # A pipe whose other end is gone is readable: a child that died is noticed at once.
        if here.poll(LIMIT_S):
            return here.recv()
        raise EOFError
    except EOFError:
        raise CwsError(
            "CWS-ABLATE-004",
            what=f"the fresh process gave no answer (exit code {child.exitcode})",
            where="A/A",
            fix="look at its last words above, then ablate again",
        ) from None
    finally:
        child.kill()
        child.join()
        here.close()


def _answer(there: Connection, work: Callable[[Asked], Found], asked: Asked, release: Sequence[Patch]) -> None:
    with released(release):
        there.send(work(asked))


def _hashes(sources: Sequence[Source]) -> dict[str, str]:
    return {source.name: baseline_hash(source) for source in sources}


def baseline_hash(source: Source) -> str:
    """Nothing is opened: a sealed outcome shows its hash."""
    ground = source.open()
    stages = STAGES[STAGES.index(ground.begins) : STAGES.index("backtest") + 1]
    found = rehearse(ground, stages)
    equity = found.tables.get("equity")
    return equity.hash if isinstance(equity, Sealed) else found.failure
