"""All miners over what is seen, as one ranked work list."""

from collections.abc import Mapping
from typing import Protocol

from cws.supervisor.findings import Finding, ranked
from cws.supervisor.miners import (
    contracts,
    costly,
    drift,
    failures,
    hollow,
    quarantine,
    repeated,
    settings,
    slices,
)
from cws.supervisor.seen import Seen


class Miner(Protocol):
    """Pure: the same traces give the same findings. No lake, no clock, no sealed outcome."""

    def __call__(self, seen: Seen) -> list[Finding]:
        """What it finds, in any order; empty on healthy traces."""
        ...


MINERS: Mapping[str, Miner] = {
    one.MINER: one.mine for one in (failures, contracts, drift, hollow, quarantine, costly, repeated, settings, slices)
}


def mine(seen: Seen) -> list[Finding]:
    """The ranked work list over all traces seen; empty without traces."""
    if seen.traces.empty:
        return []
    return ranked(finding for miner in MINERS.values() for finding in miner(seen))
