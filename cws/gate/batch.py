"""The weekly verdict on a batch: BatchBH decides what goes to shadow, LORD++ what ships at once.

BatchBH after Zrnic, Jiang, Ramdas & Jordan (2020), LORD++ after Ramdas, Yang, Wainwright & Jordan (2017), both from
online-fdr. Both promise a false discovery rate for independent p-values; for shared history `certify` measures it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cws.gate.verdict import Kind, Verdict

FDR = 0.10


class Outcome(StrEnum):
    REJECT = "reject"
    SHADOW = "shadow"
    SHIP = "ship"


@dataclass(frozen=True)
class BatchState:
    """What earlier weeks leave behind: both procedures as canonical JSON. A value: store it, and go on from it."""

    batch_bh: str
    lord: str
    weeks: int = 0


@dataclass(frozen=True)
class Slot:
    """A verdict in a batch. A patch that touches risk (sizing, limits, execution) never ships at once."""

    verdict: Verdict
    touches_risk: bool = True


def _text(snapshot: object) -> str:
    return json.dumps(snapshot, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fresh(level: float = FDR) -> BatchState:
    """The state before the first week."""
    from online_fdr.p_values.batching.bh import BatchBH
    from online_fdr.p_values.investing.lord.plus_plus import LordPlusPlus

    return BatchState(_text(BatchBH(level).snapshot()), _text(LordPlusPlus(level, wealth=level / 2.0).snapshot()))


def weekly(state: BatchState, slots: Sequence[Slot]) -> tuple[BatchState, list[Outcome]]:
    """The next state and one outcome a slot, in order.

    A verdict without `batch_p` takes no part: that it has none does not depend on how large the delta was. Whatever the
    procedures find, a patch that did not pass alone is rejected: after many finds a small batch's level nears 1.
    """
    from online_fdr.p_values.batching.bh import BatchBH
    from online_fdr.p_values.investing.lord.plus_plus import LordPlusPlus

    batch = BatchBH.from_snapshot(json.loads(state.batch_bh))
    lord = LordPlusPlus.from_snapshot(json.loads(state.lord))
    taking = [(place, p) for place, slot in enumerate(slots) if (p := slot.verdict.batch_p) is not None]
    found = batch.test_batch([p for _, p in taking])
    outcomes = [Outcome.REJECT] * len(slots)
    for (place, p), discovered in zip(taking, found, strict=True):
        at_once = not slots[place].touches_risk and lord.test_one(p)
        if slots[place].verdict.kind is Kind.PASS:
            outcomes[place] = Outcome.SHIP if at_once else Outcome.SHADOW if discovered else Outcome.REJECT
    return BatchState(_text(batch.snapshot()), _text(lord.snapshot()), state.weeks + 1), outcomes
