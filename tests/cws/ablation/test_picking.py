"""Whoever looks at verdicts first, and hands in only some of them: the batch sees the same and counts the same."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_house import Place, copy_place
from way import CountingSink

from cws.ablation import batch
from cws.ablation.ablate import Bench
from cws.ablation.again import rebuild
from cws.ablation.alone import ablate_alone
from cws.ablation.batch import last_state, run_batch
from cws.ablation.ground import Published
from cws.ablation.record import Judged, count_confirm, keep_verdict
from cws.ablation.told import told, told_alone, waiting
from cws.gate.batch import Outcome
from cws.gate.verdict import Kind, Reason, Verdict
from cws.home import Settings
from cws.patches import Patch
from cws.supervisor.cycle import anew

# Variants of one finding, none of which is any better in truth.
PATCHES = [Patch("reversal_5d", {"window_bars": bars}) for bars in (3, 7, 9, 11)]
# Draws a placebo among three slots and among four.
SEED = 4


def bench_at(place: Place, folder: Path) -> Bench:
    copied = copy_place(place, folder)
    chosen = Settings(home=copied.house().home.folder, strategies=copied.strategies)
    return Bench(copied.house(), [Published(chosen, "small_reversal")], CountingSink())


def test_what_is_picked_by_lone_verdicts_or_by_a_killed_batch_changes_nothing(
    place: Place, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same batch to the last bit: slots, m, p, placebos, outcomes, and the state of both procedures."""
    monkeypatch.setattr("cws.ablation.ablate.SCREEN_P", 1.0)
    whole, alone, killed = (bench_at(place, tmp_path / name) for name in ("whole", "alone", "killed"))
    # Equal module runs and the fresh process's answer are the same for three copies of one house.
    for other in (alone, killed):
        other.reuse, other._again = whole.reuse, dict(whole.again())
    renamed = [replace(PATCHES[0], finding=f"name{number}") for number in range(6)]
    expected = run_batch(whole, [*PATCHES, *renamed], SEED, root=root)
    assert len(expected.judged) == len(PATCHES) + sum(expected.placebo), "one slot a patch, whatever it is called"
    assert {one.verdict.variants for one in expected.judged} == {4}
    assert all(one.verdict.p == min(1.0, 4.0 * (one.verdict.p_alone or 0.0)) for one in expected.judged)

    lone = [ablate_alone(alone, patch) for patch in PATCHES]
    assert [one.verdict.variants for one in lone] == [1, 2, 3, 4], "each knew only those before it"
    lucky = min(lone, key=lambda one: one.verdict.p_alone or 0.0)
    picked = run_batch(alone, [lucky.patch], SEED, root=root)

    with monkeypatch.context() as dying:
        dying.setattr(batch, "weekly", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_batch(killed, PATCHES[1:], SEED, root=root)
    assert sum(one.placebo for one in waiting(killed.house)) == 1
    resumed = run_batch(killed, PATCHES[:1], SEED, root=root)
    kept = resumed.placebo_ships[1]

    assert (picked.id, picked.judged, picked.outcomes) == (expected.id, expected.judged, expected.outcomes)
    assert last_state(alone.house) == last_state(whole.house)
    assert [one for one in resumed.judged if not one.placebo] == [one for one in expected.judged if not one.placebo]
    assert kept >= 1 and not waiting(killed.house), "its placebos count too"
    assert told_alone(alone.house) == [] and [row.judged for row in told(alone.house)] == [*expected.judged]
    for entry in alone.house.ledger.entries("verdict")[:2]:
        found = rebuild(anew(alone), entry)
        assert (found.same, found.p) == (True, entry.body["p"]), "as it was given, with the m of then"


def test_what_waits_and_cannot_run_today_takes_part_and_ships_nothing(bench: Bench, root: Path) -> None:
    """Nothing moves a limit, so nobody could judge this patch anew; its p was seen, so it counts."""
    verdict = Verdict(Kind.PASS, Reason.BETTER, p=1e-9, p_alone=1e-9, batch_p=1e-9)
    keep_verdict(bench.house, Judged("v1", Patch("position_limits", {"max_weight": 1.0}), "value", verdict), [])
    found = run_batch(bench, [], SEED, root=root)
    assert ([one.id for one in found.judged], found.outcomes) == (["v1"], (Outcome.REJECT,))
    assert last_state(bench.house).weeks == 1 and not waiting(bench.house)


def test_who_asks_again_until_it_looks_good_pays_for_each_look(bench: Bench, root: Path) -> None:
    """Asked alone with every new bar, a patch's last p is its slot, and m counts all that no batch decided over."""
    house, patch = bench.house, Patch("position_limits", {"max_weight": 1.0})
    count_confirm(house, patch)
    for number, p in enumerate((0.5, 0.2, 0.004)):
        verdict = Verdict(Kind.PASS if p <= 0.01 else Kind.REJECT, Reason.BETTER, p=p, p_alone=p, batch_p=p)
        keep_verdict(house, Judged(f"v{number}", patch, "value", verdict), [])
    (found,) = run_batch(bench, [], SEED, root=root).judged
    assert (found.id, found.verdict.kind, found.verdict.variants) == ("v2", Kind.REJECT, 3)
    assert found.verdict.p == found.verdict.batch_p == 3 * 0.004
    keep_verdict(house, Judged("v3", patch, "value", verdict), [])
    (later,) = run_batch(bench, [], SEED, root=root).judged
    assert (later.id, later.verdict.variants) == ("v3", 1), "what a batch decided over is paid for"
