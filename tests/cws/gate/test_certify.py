"""Certification can fail: rules broken on purpose go through it, and each is caught by the bound that it breaks."""

from dataclasses import replace

import numpy as np
import pytest

from cws.gate.batch import BatchState, Outcome, Slot
from cws.gate.bounds import FALSE_ALARM, chance_of_so_many
from cws.gate.certify import Certificate, Counts, certify
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.p_value import mean_tests
from cws.gate.reruns import Twice
from cws.gate.rules import OURS, Rule
from cws.gate.verdict import Kind, Verdict
from cws.gate.worlds import stream
from kernels.cpu.tails import t_upper

LITTLE = Counts(
    null_tries=1_000, power_tries=100, null_weeks=4, streams=3, raw_streams=1, adversaries=3, weeks=2, batch=60,
    size_values=64_000, size_tries=1_000, fdr_errors=0.0,
)  # fmt: skip
SIZED = replace(LITTLE, null_tries=100, streams=1, adversaries=1, size_values=2_500_000, size_tries=10_000)


EQUAL = [Twice("module", "one", Rerun("b3:1", "b3:1")), Twice("strategy", "all", Rerun("b3:2", "b3:2"))]


def all_equal() -> list[Twice]:
    return EQUAL


def run(rule: Rule = OURS, counts: Counts = LITTLE) -> Certificate:
    return certify(1, counts, map, all_equal, rule)


def broken(found: Certificate) -> set[str]:
    return {bound.name for bound in found.bounds if not bound.passed}


@pytest.fixture(scope="module")
def ours() -> Certificate:
    return run()


def test_ours_holds_every_bound(ours: Certificate) -> None:
    assert broken(ours) == set()
    assert ours.passed


def test_the_figures_have_their_names(ours: Certificate) -> None:
    asked = (
        "null_false_ship_rate power_1_sigma power_half_sigma fdr null_batch_any_ship adversary_fdr "
        "naive_false_ship_rate aa_bitexact_rate aa_modules aa_strategies aa_shipped fdr_power fdr_raw_power"
    )
    assert set(asked.split()) <= set(ours.figures)
    assert ours.figures["naive_false_ship_rate"] > 0.4
    assert ours.figures["naive_null_batch_any_ship"] == 1.0
    assert ours.figures["uncorrected_null_batch_any_ship"] == 1.0


def test_weeks_have_placebos_as_a_house_draws_them(ours: Certificate) -> None:
    assert stream(OURS, (1,), 2, 60, neutralised=True).placebos == 6
    assert 3 <= stream(OURS, (1,), 40, 5, neutralised=True).placebos <= 20, "of ten expected; rounded up there were 40"
    assert ours.figures["fdr_placebo_ship_rate"] <= 0.05


def test_the_same_seed_gives_the_same_figures_in_any_order(ours: Certificate) -> None:
    def backwards(function, tasks):
        return reversed([function(task) for task in reversed(tasks)])

    assert certify(1, LITTLE, backwards, all_equal) == ours


def forgets_variants(evidence: Evidence) -> Verdict:
    return decide(replace(evidence, variants=1))


def wrong_sign(evidence: Evidence) -> Verdict:
    assert isinstance(evidence.measured, Value)
    paired = evidence.measured.paired
    return decide(replace(evidence, measured=replace(evidence.measured, paired=replace(paired, deltas=-paired.deltas))))


def never_insufficient(evidence: Evidence) -> Verdict:
    verdict = decide(evidence)
    return replace(verdict, kind=Kind.REJECT) if verdict.kind is Kind.INSUFFICIENT else verdict


def too_sure(evidence: Evidence) -> Verdict:
    return decide(replace(evidence, level=5.0 * evidence.level))


def normal_tail(rows: np.ndarray, horizon_days: int) -> np.ndarray:
    found = mean_tests(rows, horizon_days)
    return t_upper(found.mean / found.standard_error, 1e7)


def ignores_dependence(rows: np.ndarray, horizon_days: int) -> np.ndarray:
    return mean_tests(rows, 1).p


def all_that_pass(state: BatchState, slots: list[Slot]) -> tuple[BatchState, list[Outcome]]:
    return state, [Outcome.SHADOW if slot.verdict.kind is Kind.PASS else Outcome.REJECT for slot in slots]


@pytest.mark.parametrize(
    ("rule", "counts", "caught"),
    [
        (Rule("forgets m", forgets_variants), replace(LITTLE, adversaries=10, weeks=3, batch=120), {"adversary_fdr"}),
        (Rule("wrong sign", wrong_sign), LITTLE, {"power_1_sigma", "power_half_sigma"}),
        (Rule("level", too_sure), LITTLE, {"null_false_ship_rate"}),
        (
            Rule("each alone", weekly=all_that_pass),
            replace(LITTLE, null_weeks=8, streams=1, adversaries=1, weeks=1, batch=400),
            {"null_batch_any_ship"},
        ),
        (Rule("normal tail", p_values=normal_tail), SIZED, {"size T=250 L=10 normal ar 0.001"}),
        (Rule("independent", p_values=ignores_dependence), SIZED, {"size T=250 L=5 normal ar 0.01"}),
        (Rule("short", never_insufficient), LITTLE, {"size T=64 L=5 normal ar insufficient"}),
    ],
    ids=lambda value: value.name if isinstance(value, Rule) else "",
)
def test_a_broken_rule_is_caught(rule: Rule, counts: Counts, caught: set[str]) -> None:
    found = run(rule, counts)
    assert not found.passed
    assert caught <= broken(found)


@pytest.mark.parametrize("reruns", [[*EQUAL, Twice("strategy", "other", Rerun("b3:1", "b3:2"))], []])
def test_a_rerun_with_other_bytes_fails(reruns: list[Twice]) -> None:
    found = certify(1, replace(LITTLE, size_tries=100, streams=2, adversaries=2), map, lambda: reruns)
    assert "aa_bitexact_rate" in broken(found)


def test_a_false_alarm_is_rare() -> None:
    # 10 are expected; 20 happen once in 300 tables, 32 in no lifetime.
    assert chance_of_so_many(20, 100_000, 1e-4) == pytest.approx(0.00345, rel=0.01)
    assert chance_of_so_many(20, 100_000, 1e-4) > FALSE_ALARM > chance_of_so_many(32, 100_000, 1e-4)
    assert chance_of_so_many(0, 100_000, 1e-4) == 1.0
