"""What the gate says: one of four kinds and a reason."""

from dataclasses import dataclass, replace
from enum import StrEnum

# At which one patch is judged alone.
LEVEL = 0.01


class Kind(StrEnum):
    INVALID = "invalid"
    INSUFFICIENT = "insufficient"
    REJECT = "reject"
    PASS = "pass"


class Reason(StrEnum):
    BASELINE_DIFFERS = "the baseline's rerun gave other bytes"
    CONTRACT_BROKEN = "a schema, an acceptance check or the future-mutation test failed"
    TOO_FEW_BLOCKS = "fewer effective blocks T / L than the reference distribution needs"
    SCREENED = "does not look better on the search folds"
    NO_CHANGE = "the patch changed no result"
    NOT_BETTER = "not better beyond chance"
    GUARD_DRAWDOWN = "drawdown inferior"
    GUARD_TURNOVER = "turnover inferior"
    GUARD_LATENCY = "latency inferior"
    GUARD_CAPACITY = "capacity inferior"
    NO_REPAIR = "no declared oracle breaks less"
    HARM = "an oracle breaks more than before"
    BYTES_DIFFER = "not the same bytes"
    NOT_FASTER = "not cheaper beyond chance"
    BETTER = "better beyond chance, no guard broken"
    REPAIRED = "fewer breaks on planted inputs, none new"
    FASTER = "the same bytes at less cost"


@dataclass(frozen=True)
class Verdict:
    """`p` is corrected for `variants`, those tried until then, `p_alone` is not; None where no p-value decides.

    `batch_p` enters the weekly batch; None for what takes no part there: whatever did not get as far as a p-value, and
    oracles, which count and leave nothing to chance.
    `effect` is in root mean squares of a unit's daily delta, of a correctness patch in breaks repaired, of a runtime
    patch in log seconds saved. `blocks` are effective ones. A proposer sees `public` and nothing else.
    """

    kind: Kind
    reason: Reason
    p: float | None = None
    p_alone: float | None = None
    batch_p: float | None = None
    effect: float | None = None
    standard_error: float | None = None
    variants: int = 1
    blocks: float | None = None
    detail: tuple[str, ...] = ()

    @property
    def public(self) -> tuple[bool, str]:
        """One bit and a reason code: all that goes back to who proposed."""
        return self.kind is Kind.PASS, self.reason.name


NOT_FOUND = {Reason.BETTER: Reason.NOT_BETTER, Reason.FASTER: Reason.NOT_FASTER} | {
    reason: Reason.NOT_BETTER for reason in Reason if reason.name.startswith("GUARD_")
}


def corrected(verdict: Verdict, variants: int, level: float = LEVEL) -> Verdict:
    """The verdict when `variants` of its finding were tried (Bonferroni): what they make too likely is not found.

    One that takes no part in a batch has no p to correct.
    """
    if verdict.batch_p is None or verdict.p_alone is None:
        return verdict
    p = min(1.0, variants * verdict.p_alone)
    if p > level and verdict.reason in NOT_FOUND:
        verdict = replace(verdict, kind=Kind.REJECT, reason=NOT_FOUND[verdict.reason])
    # Guards are not independent of the delta: what remained after leaving out patches that break one would be
    # selected, and its p-values too small. A patch with a broken guard takes part, and cannot be found.
    return replace(verdict, p=p, batch_p=1.0 if verdict.detail else p, variants=variants)
