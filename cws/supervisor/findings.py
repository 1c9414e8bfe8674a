"""A finding: what a miner saw in the traces, where, how often, what it costs, and what may be behind it.

Findings are ranked by frequency x cost. Costs come in declared units, and POINTS says what one of each is worth, so
that a failed run can be weighed against a second of computing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from modules.canonical import json_hash

Unit = Literal["failed_runs", "seconds", "rows", "badness"]
# What one unit of cost is worth: a run that fails stops a strategy, a lost row is one of many thousands.
POINTS: dict[Unit, float] = {"failed_runs": 100.0, "seconds": 1.0, "rows": 0.01, "badness": 1.0}
ID_CHARACTERS = 12
MAX_EVIDENCE = 20
# Module and stage of what no single module is to blame for.
NOBODY = ("-", "-")


@dataclass(frozen=True)
class Finding:
    """`id` is the same for the same miner, module and signature on every day.

    `evidence` are trace ids, newest last, at most MAX_EVIDENCE; `frequency` counts all occurrences; `cost` is per
    occurrence, in `unit`. `is_open` says whether the newest run of a unit in it still shows it. `suspects` are the
    module's settings that may be behind it. Module and stage are NOBODY where no single module is to blame.
    """

    id: str
    miner: str
    kind: str
    module: str
    stage: str
    signature: str
    sentence: str
    suspects: tuple[str, ...]
    evidence: tuple[str, ...]
    frequency: int
    cost: float
    unit: Unit
    score: float
    first_seen_ns: int
    last_seen_ns: int
    is_open: bool


@dataclass(frozen=True)
class About:
    """What a miner says of the traces that it found: the rest of a Finding follows from the traces.

    `place` is (module, stage) where that is not the traces'. `frequency` is given for what holds rather than happens:
    a limit that never binds is no worse for having been run more often.
    """

    miner: str
    kind: str
    signature: str
    sentence: str
    cost: float
    unit: Unit
    suspects: Sequence[str] = ()
    place: tuple[str, str] | None = None
    frequency: int | None = None


def found(evidence: pd.DataFrame, about: About, newest: frozenset[str]) -> Finding:
    """The finding over some traces (at least one, oldest first); `newest` are the ids of newest runs."""
    first, last = evidence.iloc[0], evidence.iloc[-1]
    ids = evidence["trace_id"].tolist()
    module, stage = about.place or (str(last["module"]), str(last["stage"]))
    frequency = len(ids) if about.frequency is None else about.frequency
    cost = round(float(about.cost), 6)
    identity = json_hash([about.miner, about.kind, module, about.signature]).removeprefix("b3:")
    return Finding(
        id=identity[:ID_CHARACTERS],
        miner=about.miner,
        kind=about.kind,
        module=module,
        stage=stage,
        signature=about.signature,
        sentence=about.sentence,
        suspects=tuple(about.suspects),
        evidence=tuple(ids[-MAX_EVIDENCE:]),
        frequency=frequency,
        cost=cost,
        unit=about.unit,
        score=round(frequency * cost * POINTS[about.unit], 6),
        first_seen_ns=int(first["ts_avail"]),
        last_seen_ns=int(last["ts_avail"]),
        is_open=not newest.isdisjoint(ids),
    )


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """The work list: open ones first, then by falling score; equal scores by id, so that the order is always the same.

    Raises AssertionError when two findings share an id: a signature then says too little.
    """
    ordered = sorted(findings, key=lambda one: (not one.is_open, -one.score, one.id))
    assert len({one.id for one in ordered}) == len(ordered), "two findings with one id"
    return ordered
