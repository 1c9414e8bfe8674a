"""A batch decides over all its patches together, once, and finishes what a crash left."""

from dataclasses import replace
from pathlib import Path

import pytest

from cws.ablation import batch
from cws.ablation.ablate import Bench
from cws.ablation.batch import MAX_PATCHES, finish, last_state, run_batch
from cws.ablation.record import Judged, keep_verdict
from cws.ablation.shipping import in_force, toml_path
from cws.gate.batch import Outcome
from cws.gate.verdict import Kind, Reason, Verdict
from cws.patches import Patch
from modules.errors import CwsError

PATCHES = [Patch("reversal_5d", {"window_bars": bars}) for bars in (3, 7, 9)]


def test_a_batch_is_decided_once_and_its_rows_are_in_the_gates_table(bench: Bench, root: Path) -> None:
    refused = Patch("position_limits", {"max_weight": 1.0})
    found = run_batch(bench, [*PATCHES, refused], seed=1, root=root)
    assert len(found.refused) == 1 and "CWS-PATCH-004" in found.refused[0]
    real = [one for one in found.judged if not one.placebo]
    assert [one.id for one in real] == sorted(one.id for one in real), "nobody chooses the order"
    assert {one.patch.id for one in real} == {patch.id for patch in PATCHES}
    rows = bench.house.lake.read(bench.house.lake.pin("verdicts", found.id))
    assert list(rows["id"]) == [one.id for one in found.judged]
    assert last_state(bench.house).weeks == 1
    again = run_batch(bench, PATCHES, seed=1, root=root)
    assert again.judged == () and last_state(bench.house).weeks == 1, "nothing is left to decide"


def test_too_many_patches_are_refused(bench: Bench, root: Path) -> None:
    with pytest.raises(CwsError, match="CWS-ABLATE-002"):
        run_batch(bench, [PATCHES[0]] * (MAX_PATCHES + 1), seed=0, root=root)


def test_what_a_batch_decided_is_shipped_after_a_crash_and_not_twice(bench: Bench, root: Path) -> None:
    house, patch = bench.house, Patch("reversal_5d", {"window_bars": 9})
    judged = Judged("v1", patch, "value", Verdict(Kind.PASS, Reason.BETTER, p=0.001, p_alone=0.001, batch_p=0.001))
    keep_verdict(house, judged, [])
    house.ledger.append("batch", {"id": "b1", "state": None, "verdicts": ["v1"], "ship": ["v1"], "shadow": []})
    for _ in range(2):
        finish(house, root)
        assert "window_bars = 9" in toml_path("reversal_5d", root).read_text()
        assert len(in_force(house)) == 1


def test_of_batches_of_one_a_few_get_a_placebo_also_with_the_same_seed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Judged("v1", PATCHES[0], "value", Verdict(Kind.REJECT, Reason.NOT_BETTER, p=0.4, p_alone=0.4, batch_p=0.4))
    monkeypatch.setattr(batch, "ablate", lambda *_, placebo_seed: replace(one, id=str(placebo_seed), placebo=True))
    drawn = [len(batch._placebos(bench, [one], [], 0, weeks)) for weeks in range(400)]
    assert 5 <= sum(drawn) <= 40


def test_the_same_call_after_a_kill_asks_about_nothing_that_was_decided(bench: Bench, root: Path) -> None:
    """What the killed batch ships now moves the others' baselines: a second verdict would be a second look."""
    house, patches = bench.house, PATCHES[:2]
    for number, patch in enumerate(patches):
        verdict = Verdict(Kind.PASS, Reason.BETTER, p=0.001, p_alone=0.001, batch_p=0.001)
        keep_verdict(house, Judged(f"v{number}", patch, "value", verdict), [])
    house.ledger.append("batch", {"id": "b1", "state": None, "verdicts": ["v0", "v1"], "ship": ["v0"], "shadow": []})
    found = run_batch(bench, patches, seed=1, root=root)
    assert found.judged == () and len(house.ledger.entries("batch")) == 1
    assert len(found.refused) == 2 and "CWS-ABLATE-007" in found.refused[0]
    assert len(in_force(house)) == 1 and len(house.ledger.entries("verdict")) == 2


def timed_verdict(p: float, number: int) -> Judged:
    kind, reason = (Kind.PASS, Reason.FASTER) if p <= 0.01 else (Kind.REJECT, Reason.NOT_FASTER)
    patch = Patch("cs_rank", {"rows_at_once": 1 + number})
    return Judged(f"t{number}", patch, "runtime", Verdict(kind, reason, p=p, p_alone=p, batch_p=p))


def test_of_many_timings_those_that_chance_would_give_do_not_ship(
    bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in a hundred nulls passes alone; in a batch of hundreds it is no find, and what is ships without shadow."""
    nulls = [timed_verdict((number + 0.5) / 300.0, number) for number in range(300)]
    found = [nulls, [timed_verdict(2.0**-14, 500), *nulls[:20]]]
    monkeypatch.setattr(batch, "_ablated", lambda *_: (found.pop(0), []))
    monkeypatch.setattr(batch, "finish", lambda *_: None)
    first, second = (run_batch(bench, [], seed=1, root=root) for _ in range(2))
    assert sum(one.verdict.kind is Kind.PASS for one in first.judged) == 3
    assert set(first.outcomes) == {Outcome.REJECT} and not any(first.placebo)
    assert second.outcomes[0] is Outcome.SHIP and Outcome.SHADOW not in second.outcomes
