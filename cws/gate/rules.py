"""Rules that worlds run: ours, and the two that most systems use, which must fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cws.gate.batch import BatchState, Outcome, Slot, weekly
from cws.gate.decide import decide
from cws.gate.evidence import Evidence
from cws.gate.p_value import mean_tests
from cws.gate.verdict import Kind, Verdict
from kernels.ordered import F64

Decide = Callable[[Evidence], Verdict]
Weekly = Callable[[BatchState, Sequence[Slot]], tuple[BatchState, list[Outcome]]]
PValues = Callable[[F64, int], F64]


def p_values(rows: F64, horizon_days: int) -> F64:
    """(N,) p-values of rows (N, T) without fitted factors."""
    return mean_tests(rows, horizon_days).p


@dataclass(frozen=True)
class Rule:
    """How one patch is decided, how a week's batch is, and the p-values of rows (N, T) with a horizon."""

    name: str
    decide: Decide = decide
    weekly: Weekly = weekly
    p_values: PValues = p_values


def positive_delta(evidence: Evidence) -> Verdict:
    """Better than before on the data at hand, by however little."""
    verdict = decide(evidence)
    better = verdict.effect is not None and verdict.effect > 0.0
    return replace(verdict, kind=Kind.PASS if better else Kind.REJECT)


def uncorrected(evidence: Evidence) -> Verdict:
    """The same p-value, at the customary 5 %, whatever else was tried."""
    verdict = decide(evidence)
    small = verdict.p_alone is not None and verdict.p_alone < 0.05
    return replace(verdict, kind=Kind.PASS if small else Kind.REJECT)


def each_alone(state: BatchState, slots: Sequence[Slot]) -> tuple[BatchState, list[Outcome]]:
    """Whatever passes ships, as if no other patch had been tried that week."""
    return state, [Outcome.SHIP if slot.verdict.kind is Kind.PASS else Outcome.REJECT for slot in slots]


OURS = Rule("gate")
POSITIVE = Rule("delta > 0", positive_delta, each_alone)
UNCORRECTED = Rule("p < .05", uncorrected, each_alone)
