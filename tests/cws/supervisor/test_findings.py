"""Findings: one id for one thing, on every day; ranked the same way every time."""

from dataclasses import replace

import pytest
from traced import frame

from cws.supervisor.findings import MAX_EVIDENCE, POINTS, About, found, ranked

ABOUT = About("miner", "kind", "signature", "m is slow", 2.0, "seconds", ["window_bars"])
NEWEST = frozenset({"t3"})


def test_a_finding_follows_from_its_traces() -> None:
    one = found(frame({}, {}, {}), ABOUT, NEWEST)
    assert (one.module, one.stage, one.evidence, one.frequency) == ("m", "feature", ("t1", "t2", "t3"), 3)
    assert (one.first_seen_ns, one.last_seen_ns, one.is_open, one.suspects) == (1, 3, True, ("window_bars",))
    assert one.score == 3 * 2.0 * POINTS["seconds"]


def test_the_same_thing_keeps_its_id_when_it_is_seen_again() -> None:
    once, again = (
        found(frame({}), ABOUT, NEWEST),
        found(frame({}, {}, {}), replace(ABOUT, cost=9.0, sentence="x"), NEWEST),
    )
    assert once.id == again.id
    others = [replace(ABOUT, signature="y"), replace(ABOUT, kind="y"), replace(ABOUT, miner="y")]
    ids = {found(frame({}), other, NEWEST).id for other in others} | {found(frame({"module": "n"}), ABOUT, NEWEST).id}
    assert len(ids) == 4 and once.id not in ids


def test_what_the_newest_run_no_longer_shows_is_past_and_ranks_last() -> None:
    past = found(frame({}), replace(ABOUT, signature="past", cost=99.0), NEWEST)
    now = [
        found(frame({}, {}, {}), replace(ABOUT, signature=name, cost=cost), NEWEST)
        for name, cost in (("a", 1.0), ("b", 5.0), ("c", 1.0))
    ]
    order = ranked([past, *now])
    assert [one.is_open for one in order] == [True, True, True, False]
    assert order[0].signature == "b" and order[-1] == past
    assert ranked(reversed(order)) == order, "equal scores too have one order"


def test_evidence_is_bounded_and_the_newest_stands() -> None:
    one = found(frame(*[{}] * (MAX_EVIDENCE + 5)), ABOUT, NEWEST)
    assert len(one.evidence) == MAX_EVIDENCE and one.evidence[-1] == f"t{MAX_EVIDENCE + 5}"
    assert one.frequency == MAX_EVIDENCE + 5


def test_two_findings_with_one_id_are_a_programmer_error() -> None:
    one = found(frame({}), ABOUT, NEWEST)
    with pytest.raises(AssertionError, match="one id"):
        ranked([one, one])
