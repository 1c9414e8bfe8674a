"""A/A counts modules and strategies alike, names what differs, and sees a rule that ships what is no better."""

import math

import pytest

from cws.gate.evidence import Evidence, Rerun
from cws.gate.reruns import Twice, aa_figures
from cws.gate.rules import OURS, Rule
from cws.gate.verdict import Kind, Reason, Verdict

SAME = [Twice("module", "m", Rerun("b3:1", "b3:1")), Twice("strategy", "s", Rerun("b3:2", "b3:2"))]
OTHER = Twice("strategy", "t", Rerun("b3:3", "b3:4"))


def test_equal_bytes_hold_and_ship_nothing() -> None:
    figures, bounds = aa_figures(SAME, OURS)
    assert figures == {"aa_bitexact_rate": 1.0, "aa_modules": 1.0, "aa_strategies": 1.0, "aa_shipped": 0.0}
    assert all(bound.passed for bound in bounds)


def test_a_strategy_that_differs_counts_in_the_rate_and_is_named() -> None:
    figures, bounds = aa_figures([*SAME, OTHER], OURS)
    assert figures["aa_bitexact_rate"] == pytest.approx(2 / 3)
    assert figures["aa_strategies"] == 2.0
    assert {bound.name for bound in bounds if not bound.passed} == {"aa_bitexact_rate", "aa strategy t"}


def test_nothing_at_all_is_no_proof() -> None:
    figures, bounds = aa_figures([], OURS)
    assert math.isnan(figures["aa_bitexact_rate"])
    assert not bounds[0].passed


def whatever_is_not_worse(_: Evidence) -> Verdict:
    return Verdict(Kind.PASS, Reason.BETTER)


def test_a_rule_that_ships_the_baseline_for_itself_is_caught() -> None:
    figures, bounds = aa_figures(SAME, Rule("not worse", whatever_is_not_worse))
    assert figures["aa_shipped"] == 2.0
    assert {bound.name for bound in bounds if not bound.passed} == {"aa_shipped"}
