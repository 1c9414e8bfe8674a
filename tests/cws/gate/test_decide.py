"""The one decision: every kind and every reason, each reached by the smallest evidence that has it."""

from dataclasses import fields, replace

import numpy as np
import pytest

from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.guards import MARGINS, MORE_IS_BETTER, Guards, Pair, broken
from cws.gate.oracles import Breaks, Oracle
from cws.gate.timings import Timings
from cws.gate.verdict import Kind, Reason, Verdict, corrected
from cws.gate.worlds import EQUAL_GUARDS, evidence
from modules.errors import CwsError

NOISE = np.random.default_rng(7).normal(size=(1, 64))
NOISE = NOISE - NOISE.mean()
FACTORS = np.empty((0, 64))
BETTER, SAME, WORSE = (evidence(NOISE + lift, FACTORS) for lift in (0.6, 0.0, -0.6))


def guarded(name: str, pair: Pair) -> Evidence:
    assert isinstance(BETTER.measured, Value)
    return replace(BETTER, measured=replace(BETTER.measured, guards=replace(EQUAL_GUARDS, **{name: pair})))


def oracle(name: str, *counts: int) -> Oracle:
    return Oracle(name, *counts)


def timed(gain: float, blocks: int = 10, same_bytes: bool = True) -> Evidence:
    runs = np.random.default_rng(1).uniform(0.99, 1.01, (blocks, 4))
    runs[:, 1:3] *= 1.0 - gain
    return replace(BETTER, measured=Timings(same_bytes, runs))


CASES: list[tuple[Evidence, Kind, Reason]] = [
    (replace(BETTER, rerun=Rerun("b3:1", "b3:2")), Kind.INVALID, Reason.BASELINE_DIFFERS),
    (replace(BETTER, violations=("future",)), Kind.REJECT, Reason.CONTRACT_BROKEN),
    (evidence(NOISE[:, :19], FACTORS[:, :19]), Kind.INSUFFICIENT, Reason.TOO_FEW_BLOCKS),
    (evidence(NOISE, FACTORS, horizon_days=5), Kind.INSUFFICIENT, Reason.TOO_FEW_BLOCKS),
    (evidence(0.0 * NOISE, FACTORS), Kind.REJECT, Reason.NO_CHANGE),
    (BETTER, Kind.PASS, Reason.BETTER),
    (SAME, Kind.REJECT, Reason.NOT_BETTER),
    (WORSE, Kind.REJECT, Reason.NOT_BETTER),
    (guarded("drawdown", Pair(0.10, 0.12)), Kind.REJECT, Reason.GUARD_DRAWDOWN),
    (guarded("turnover", Pair(0.10, 0.13)), Kind.REJECT, Reason.GUARD_TURNOVER),
    (guarded("latency", Pair(0.10, 0.12)), Kind.REJECT, Reason.GUARD_LATENCY),
    (guarded("capacity", Pair(1e6, 8e5)), Kind.REJECT, Reason.GUARD_CAPACITY),
    (replace(BETTER, measured=Breaks((oracle("a", 9, 2, 0, 0),), -0.01)), Kind.PASS, Reason.REPAIRED),
    (replace(BETTER, measured=Breaks((oracle("a", 9, 9, 0, 0),), +0.01)), Kind.REJECT, Reason.NO_REPAIR),
    (replace(BETTER, measured=Breaks((oracle("a", 9, 0, 0, 1),))), Kind.REJECT, Reason.HARM),
    (replace(BETTER, measured=Breaks((oracle("a", 9, 0, 0, 0), oracle("b", 0, 1, 0, 0)))), Kind.REJECT, Reason.HARM),
    (timed(0.2), Kind.PASS, Reason.FASTER),
    (timed(0.0), Kind.REJECT, Reason.NOT_FASTER),
    (timed(0.2, same_bytes=False), Kind.REJECT, Reason.BYTES_DIFFER),
    (timed(0.2, blocks=6), Kind.INSUFFICIENT, Reason.TOO_FEW_BLOCKS),
]


@pytest.mark.parametrize(("given", "kind", "reason"), CASES, ids=lambda value: getattr(value, "name", ""))
def test_each_kind_and_reason(given: Evidence, kind: Kind, reason: Reason) -> None:
    verdict = decide(given)
    assert (verdict.kind, verdict.reason) == (kind, reason)
    assert verdict.public == (kind is Kind.PASS, reason.name)


def test_every_reason_is_reached() -> None:
    assert {reason for _, _, reason in CASES} == set(Reason) - {Reason.SCREENED}, "the screen is said before"


def test_the_same_evidence_gives_the_same_verdict() -> None:
    for given, _, _ in CASES:
        assert decide(given) == decide(given)


def test_a_batch_that_counts_more_variants_decides_as_if_they_had_been_known() -> None:
    """Timings of too few blocks for so many are refused by either, each in its way."""
    for given, _, reason in CASES:
        early = decide(given)
        for variants in (5, 10_000_000):
            known, late = decide(replace(given, variants=variants)), corrected(early, variants)
            if early.batch_p is None:
                assert late == early
            elif known.kind is not Kind.INSUFFICIENT:
                assert late == known, reason
            else:
                assert (late.kind, late.reason) == (Kind.REJECT, Reason.NOT_FASTER)


def test_variants_are_paid_for() -> None:
    alone = decide(BETTER)
    assert alone.p is not None
    assert decide(replace(BETTER, variants=5)).p == 5.0 * alone.p
    dear = decide(replace(BETTER, variants=10_000_000))
    assert (dear.kind, dear.p, dear.p_alone) == (Kind.REJECT, 1.0, alone.p_alone)


def test_a_broken_guard_stays_in_its_batch_and_cannot_be_found() -> None:
    verdict = decide(guarded("latency", Pair(1.0, 2.0)))
    assert verdict.batch_p == 1.0
    assert verdict.p == decide(BETTER).p
    assert verdict.detail == ("latency",)


def test_whatever_has_a_p_value_takes_part_in_the_batch() -> None:
    took = {reason for given, _, reason in CASES if decide(given).batch_p is not None}
    guards = {Reason[f"GUARD_{name.upper()}"] for name in MARGINS}
    assert took == {Reason.BETTER, Reason.NOT_BETTER, Reason.NO_CHANGE, Reason.FASTER, Reason.NOT_FASTER, *guards}


def test_profit_is_never_counted_by_oracles() -> None:
    for breaks in (oracle("a", 3, 0, 0, 0), oracle("a", 3, 3, 0, 0), oracle("a", 0, 3, 0, 0)):
        verdicts = {decide(replace(BETTER, measured=Breaks((breaks,), pnl))) for pnl in (-1.0, 0.0, 1.0)}
        assert len(verdicts) == 1


def test_every_guard_has_a_margin_and_not_knowing_breaks_it() -> None:
    assert set(MARGINS) == {field.name for field in fields(Guards)}
    for name, margin in MARGINS.items():
        away = -margin if name in MORE_IS_BETTER else margin
        for share, held in ((0.99, True), (1.01, False)):
            guards = replace(EQUAL_GUARDS, **{name: Pair(100.0, 100.0 * (1.0 + share * away))})
            assert broken(guards) == (() if held else (name,))
        assert broken(replace(EQUAL_GUARDS, **{name: Pair(1.0, float("nan"))})) == (name,)
        assert broken(replace(EQUAL_GUARDS, **{name: Pair(float("nan"), 1.0)})) == (name,)


def test_a_proposer_sees_one_bit_and_a_reason() -> None:
    shown = Verdict(Kind.REJECT, Reason.NOT_BETTER, p=0.012345, effect=0.5).public
    assert shown == (False, "NOT_BETTER")


@pytest.mark.parametrize("oracles", [(), (oracle("a", 1, 0, 0, 0),) * 2, (oracle("a", 1, -1, 0, 0),)])
def test_counts_that_cannot_be_are_refused(oracles: tuple[Oracle, ...]) -> None:
    with pytest.raises(CwsError, match="CWS-GATE-003"):
        Breaks(oracles)
