"""What the gate says: one of four kinds and a reason."""

from dataclasses import dataclass
from enum import StrEnum


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
    """`p` is corrected for all variants ever tried, `p_alone` is not; None where no p-value decides.

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
