"""What the end-to-end pass says of verdicts that are not as they must be."""

from dataclasses import replace

from cws.ablation.record import Judged
from cws.gate.verdict import Kind, Reason, Verdict
from cws.supervisor.end_to_end import ASKED, Walked, passed

SAID = {Kind.PASS: Reason.BETTER, Kind.REJECT: Reason.NOT_BETTER}


def verdicts(*wrong: int) -> list[Walked]:
    """All as expected, but those at `wrong` places."""
    found: list[Walked] = []
    for place, asked in enumerate(ASKED):
        kind = {Kind.PASS: Kind.REJECT, Kind.REJECT: Kind.PASS}[asked.expected] if place in wrong else asked.expected
        found.append(Walked(asked, Judged("v", asked.patch, "value", Verdict(kind, SAID[kind]))))
    return found


def test_one_null_in_a_hundred_may_pass_and_nothing_else() -> None:
    nulls = [place for place, asked in enumerate(ASKED) if asked.placebo_seed is not None]
    others = [place for place in range(len(ASKED)) if place not in nulls]
    assert passed(verdicts()) and passed(verdicts(nulls[0]))
    assert not passed(verdicts(*nulls[:2]))
    assert not any(passed(verdicts(place)) for place in others) and len(others) == 3
    assert not passed([])


def test_an_invalid_verdict_is_not_as_expected() -> None:
    found = verdicts()
    invalid = Verdict(Kind.INVALID, Reason.BASELINE_DIFFERS)
    found[0] = replace(found[0], judged=replace(found[0].judged, verdict=invalid))
    assert not passed(found)
