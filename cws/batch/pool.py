"""Workers over all cores. A worker computes, asks to have its trials recorded, waits, opens; the parent alone writes.

Processes are spawned: a fork after a parallel kernel kills the child. A parent that dies closes its ends of the pipes,
and its workers end with them.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

import pandas as pd

from cws.batch.plan import Plan
from cws.batch.recipe import Sweep
from cws.batch.strategy_work import StrategyWorker
from cws.batch.sweep_work import SweepWorker
from cws.batch.work import Rows, Worker, one_chunk
from cws.house import House, house_at
from modules.errors import CwsError

Chunk = tuple[int, int]
# Chunks that may be done before one that is not: what waits for its turn is held in memory.
AHEAD = 2
END_WAIT_S = 5.0


def worker_for(house: House, plan: Plan, prior: Callable[[str], pd.DataFrame]) -> Worker:
    return (SweepWorker if isinstance(plan.recipe, Sweep) else StrategyWorker)(house, plan, prior)


def no_prior(key: str) -> pd.DataFrame:
    raise AssertionError(f"a worker says nothing of other trials than {key}")


def alone(worker: Worker, chunks: Sequence[Chunk], record: Callable[[int, Sequence[str]], None]) -> Iterator[Rows]:
    """Rows of each chunk in order, made in this process."""
    for first, end in chunks:
        yield one_chunk(worker, first, end, lambda keys, first=first: record(first, keys))


def _serve(pipe: Connection[Any, Any], folder: Path, plan: Plan) -> None:
    """A worker process: chunks in; keys out, a nod in, rows out."""
    try:
        worker = worker_for(house_at(folder), plan, no_prior)
        while True:
            first, end = pipe.recv()

            def record(keys: Sequence[str]) -> None:
                pipe.send(("keys", list(keys)))
                pipe.recv()

            made = one_chunk(worker, first, end, record)
            pipe.send(("rows", made))
    except (EOFError, ConnectionError):
        return
    except CwsError as refusal:
        pipe.send(("refused", (refusal.code, refusal.what, refusal.where, refusal.fix)))


@dataclass
class _Hand:
    process: BaseProcess
    pipe: Connection[Any, Any]
    chunk: Chunk | None = None


@contextmanager
def _deaf() -> Generator[None]:
    """Ctrl-C reaches the whole group, and the parent decides what becomes of the workers: who is started here never
    hears it, not even while it imports. For the parent it waits until the start is done.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _hands(count: int, folder: Path, plan: Plan) -> Generator[list[_Hand]]:
    context = multiprocessing.get_context("spawn")
    hands: list[_Hand] = []
    # Python's own helper of spawned processes opens the signal again when it is started on the way.
    resource_tracker.ensure_running()
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, folder, plan), daemon=True)
            with _deaf():
                process.start()
            theirs.close()
            hands.append(_Hand(process, cast("Connection[Any, Any]", ours)))
        yield hands
    finally:
        for hand in hands:
            hand.pipe.close()
        for hand in hands:
            hand.process.terminate()
            hand.process.join(END_WAIT_S)


@dataclass
class _Desk:
    """What is handed out, what is done before its turn, and where the next rows belong."""

    chunks: list[Chunk]
    record: Callable[[int, Sequence[str]], None]
    done: dict[int, Rows] = field(default_factory=dict[int, Rows])
    handed: int = 0
    taken: int = 0

    def hand_out(self, hand: _Hand, ahead: int) -> None:
        if hand.chunk is None and self.handed < len(self.chunks) and self.handed - self.taken < ahead:
            hand.chunk = self.chunks[self.handed]
            self.handed += 1
            hand.pipe.send(hand.chunk)

    def hear(self, hand: _Hand) -> None:
        assert hand.chunk is not None
        kind, said = _heard(hand)
        if kind == "keys":
            self.record(hand.chunk[0], said)
            hand.pipe.send(None)
        else:
            self.done[hand.chunk[0]], hand.chunk = said, None

    def next_rows(self) -> Iterator[Rows]:
        while self.taken < len(self.chunks) and self.chunks[self.taken][0] in self.done:
            yield self.done.pop(self.chunks[self.taken][0])
            self.taken += 1


def _heard(hand: _Hand) -> tuple[str, Any]:
    try:
        kind, said = hand.pipe.recv()
    except (EOFError, ConnectionError):
        hand.process.join(END_WAIT_S)
        raise CwsError(
            "CWS-BATCH-012", what=f"a worker ended with exit code {hand.process.exitcode}",
            where=f"sets from {hand.chunk[0] if hand.chunk else '?'}", fix="run the same command again: it goes on",
        ) from None  # fmt: skip
    if kind == "refused":
        code, what, where, fix = said
        raise _again(code, what, where, fix)
    return kind, said


def _again(code: str, what: str, where: str, fix: str) -> CwsError:
    """A worker's refusal, as it was."""
    return CwsError(code, what=what, where=where, fix=fix)


def together(
    house: House, plan: Plan, chunks: list[Chunk], record: Callable[[int, Sequence[str]], None], processes: int
) -> Iterator[Rows]:
    """Rows of each chunk in order, made by worker processes."""
    desk = _Desk(chunks, record)
    with _hands(min(processes, len(chunks)), house.home.folder, plan) as hands:
        while desk.taken < len(chunks):
            for hand in hands:
                desk.hand_out(hand, AHEAD * len(hands))
            busy = {hand.pipe: hand for hand in hands if hand.chunk is not None}
            for pipe in wait(list(busy)):
                desk.hear(busy[pipe])  # type: ignore[index]
            yield from desk.next_rows()
