"""All that a decision is made of: what ablations hand in, and what certification makes up."""

from dataclasses import dataclass
from typing import TypeAlias

from cws.gate.guards import Guards
from cws.gate.oracles import Breaks
from cws.gate.paired import PairedDeltas
from cws.gate.timings import Timings
from cws.gate.verdict import LEVEL


@dataclass(frozen=True)
class Rerun:
    """A/A: the stored hash of the baseline, and that of its rerun on the same task in a fresh process."""

    stored: str
    again: str


@dataclass(frozen=True)
class Value:
    """For a module whose judge is `value`: paired deltas under frozen rulers, and the guards."""

    paired: PairedDeltas
    guards: Guards


# A module's judge decides which of the three it is.
Measured: TypeAlias = Value | Breaks | Timings


@dataclass(frozen=True)
class Evidence:
    """`violations` of contract, acceptance checks and future-mutation test; `variants` of the same finding that were
    ever evaluated on confirm folds, this one included; `level` at which one patch alone is judged.
    """

    rerun: Rerun
    violations: tuple[str, ...]
    measured: Measured
    variants: int = 1
    level: float = LEVEL
