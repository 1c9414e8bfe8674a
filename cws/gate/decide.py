"""The one decision on one patch. Ablations call it, and so does its certification."""

from cws.gate import oracles, timings
from cws.gate.evidence import Evidence, Value
from cws.gate.guards import broken
from cws.gate.oracles import Breaks
from cws.gate.p_value import enough_days, mean_tests
from cws.gate.paired import averaged
from cws.gate.timings import Timings
from cws.gate.verdict import Kind, Reason, Verdict, corrected


def _value(measured: Value, variants: int, level: float) -> Verdict:
    horizon_days, series = measured.paired.horizon_days, averaged(measured.paired)
    blocks = series.size / horizon_days
    if not enough_days(series.size, horizon_days):
        return Verdict(Kind.INSUFFICIENT, Reason.TOO_FEW_BLOCKS, variants=variants, blocks=blocks)
    if not series.any():
        return Verdict(Kind.REJECT, Reason.NO_CHANGE, p=1.0, p_alone=1.0, batch_p=1.0, variants=variants, blocks=blocks)
    test = mean_tests(series[None, :], horizon_days, len(measured.paired.factors))
    alone, worse = float(test.p[0]), broken(measured.guards)
    found = Verdict(
        Kind.REJECT if worse else Kind.PASS,
        Reason[f"GUARD_{worse[0].upper()}"] if worse else Reason.BETTER,
        p=alone,
        p_alone=alone,
        batch_p=alone,
        effect=float(test.mean[0]),
        standard_error=float(test.standard_error[0]),
        blocks=blocks,
        detail=worse,
    )
    return corrected(found, variants, level)


def decide(evidence: Evidence) -> Verdict:
    """A/A, contract, then the module's judge; the first that says no gives the reason."""
    if evidence.rerun.stored != evidence.rerun.again:
        return Verdict(Kind.INVALID, Reason.BASELINE_DIFFERS)
    if evidence.violations:
        return Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN, detail=evidence.violations)
    assert evidence.variants >= 1, "the patch itself is a variant"
    match evidence.measured:
        case Value():
            return _value(evidence.measured, evidence.variants, evidence.level)
        case Breaks():
            return oracles.judged(evidence.measured)
        case Timings():
            return timings.judged(evidence.measured, evidence.level, evidence.variants)
