"""A/A: what is run twice must give equal bytes, and nothing may ship where candidate and baseline are one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cws.gate.bounds import Bound
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.paired import PairedDeltas
from cws.gate.rules import Rule
from cws.gate.verdict import Kind
from cws.gate.worlds import EQUAL_GUARDS
from modules.examples import DAY_NS, START_NS

DAYS = 250


@dataclass(frozen=True)
class Twice:
    """A module's example, or a strategy's account on its own data, in two fresh processes."""

    kind: Literal["module", "strategy"]
    name: str
    rerun: Rerun

    @property
    def same(self) -> bool:
        return self.rerun.stored == self.rerun.again


def aa_figures(found: Sequence[Twice], rule: Rule) -> tuple[dict[str, float], list[Bound]]:
    """Counts, the share of equal bytes, which must be all of at least one, and the ships, of which none may be."""
    same, shipped = sum(one.same for one in found), sum(_ships(one, rule) for one in found)
    figures = {
        "aa_bitexact_rate": same / len(found) if found else math.nan,
        "aa_modules": float(sum(one.kind == "module" for one in found)),
        "aa_strategies": float(sum(one.kind == "strategy" for one in found)),
        "aa_shipped": float(shipped),
    }
    # Each that differs by its name: a share says nobody where to look.
    differ = [Bound(f"aa {one.kind} {one.name}", 0.0, 1.0, 0.0, passed=False) for one in found if not one.same]
    rate = Bound("aa_bitexact_rate", figures["aa_bitexact_rate"], 1.0, 0.0, 0 < len(found) == same)
    return figures, [rate, Bound("aa_shipped", figures["aa_shipped"], 0.0, 0.0, shipped == 0), *differ]


def _ships(one: Twice, rule: Rule) -> bool:
    """Whether the rule would ship the baseline in place of itself: equal arms have deltas of zero."""
    days_ns = START_NS + DAY_NS * np.arange(DAYS, dtype=np.int64)
    nothing = PairedDeltas(days_ns, np.zeros((1, DAYS)), np.zeros((0, DAYS)), 1)
    return rule.decide(Evidence(one.rerun, (), Value(nothing, EQUAL_GUARDS))).kind is Kind.PASS
