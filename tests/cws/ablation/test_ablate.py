"""The way of a patch: what each step refuses, what it costs, and that nothing is decided twice or on cached bytes."""

import os
from dataclasses import replace

import numpy as np
import pytest
from way import CountingSink

from cws.ablation.ablate import Bench, ablate
from cws.ablation.arm import after, play
from cws.ablation.folds import folds_of
from cws.ablation.fresh import in_fresh_process
from cws.ablation.ground import DAY_NS, Ground, days, patched, until
from cws.ablation.record import Judged, count_confirm, keep_verdict, known_verdict
from cws.ablation.rehearsal import Reuse
from cws.gate.guards import Guards, Pair, broken
from cws.gate.verdict import Kind, Reason, Verdict
from cws.patches import Patch
from cws.pins import published
from cws.supervisor.propose import keep_patches
from cws.trace_log import read_traces, tracing
from modules.errors import CwsError

SLOWER = Patch("reversal_5d", {"window_bars": 9})
FASTER = Patch("reversal_5d", {"window_bars": 3})
NOT_BETTER = Verdict(Kind.REJECT, Reason.NOT_BETTER, p=0.5, p_alone=0.5, batch_p=0.5)


def ground_of(bench: Bench) -> Ground:
    return bench.grounds()[0]


def kinds(bench: Bench) -> list[str]:
    return [e.kind for e in bench.house.ledger.entries() if e.kind in ("baseline", "confirm", "verdict")]


def test_a_rehearsal_gives_the_bytes_that_were_published(bench: Bench) -> None:
    arm = play(ground_of(bench), "all", CountingSink(), None)
    assert arm.hash == published(bench.house)["equity", "small_reversal"].hash


def test_the_search_folds_are_the_first_days_of_the_whole_run_to_the_bit(bench: Bench) -> None:
    ground = ground_of(bench)
    folds = folds_of(ground)
    whole = play(ground, "all", CountingSink(), None)
    early = play(until(ground, folds.cut), "search", CountingSink(), None)
    assert np.array_equal(whole.returns[: len(early.returns)], early.returns)
    assert early.days.max() < folds.cut < folds.confirm <= after(whole, folds.confirm).days.min()


def test_a_verdict_over_an_arm_that_never_traded_is_kept(bench: Bench) -> None:
    """Nothing turned over leaves a capacity without end."""
    idle = Guards(Pair(0.0, 0.1), Pair(0.0, 0.2), Pair(1.0, 1.0), Pair(float("inf"), 5.0))
    refused = Verdict(Kind.REJECT, Reason.GUARD_TURNOVER, p=1e-9, detail=("turnover", "capacity"))
    keep_verdict(bench.house, Judged("idle", FASTER, "value", refused, 0.1, idle), [])
    known = known_verdict(bench.house, "idle")
    assert known is not None and (known.guards, known.verdict.kind) == (idle, Kind.REJECT)


def test_what_was_not_measured_is_still_a_broken_guard_when_it_is_read_back(bench: Bench) -> None:
    same, none = Pair(1.0, 1.0), Pair(float("nan"), float("nan"))
    for guards in (Guards(none, same, same, same), Guards(same, same, same, Pair(float("inf"), float("nan")))):
        keep_verdict(bench.house, Judged("unmeasured", FASTER, "value", NOT_BETTER, 0.1, guards), [])
        known = known_verdict(bench.house, "unmeasured")
        assert known is not None and known.guards is not None
        assert str(known.guards) == str(guards) and broken(known.guards) == broken(guards) != ()


def test_equal_questions_are_answered_once_with_the_same_bytes(bench: Bench) -> None:
    ground, reuse = ground_of(bench), Reuse()
    first = play(ground, "all", CountingSink(), reuse)
    runs = reuse.runs
    second = play(patched(ground, Patch("rank_to_weight", {"gross": 0.5})), "all", CountingSink(), reuse)
    assert reuse.reused >= 2, "features before the patched module are not computed again"
    assert reuse.runs < 2 * runs and first.hash != second.hash
    assert (
        second.hash == play(patched(ground, Patch("rank_to_weight", {"gross": 0.5})), "all", CountingSink(), None).hash
    )


def test_a_verdict_is_kept_with_its_deltas_and_given_once(bench: Bench) -> None:
    judged = ablate(bench, SLOWER)
    assert judged.verdict.kind in (Kind.REJECT, Kind.PASS)
    assert ablate(replace(bench, _grounds={}, _arms={}, _again=None), SLOWER).id == judged.id
    assert kinds(bench).count("verdict") == 1


def test_a_rehearsal_leaves_no_trace_for_miners(bench: Bench) -> None:
    """Miners see production runs only: what was merely tried is no finding, and a confirm day's profile no hint."""
    before = len(read_traces(bench.house))
    with tracing(bench.house):
        assert ablate(bench, FASTER).verdict.reason is not Reason.SCREENED and bench.reuse.runs
    assert len(read_traces(bench.house)) == before


def test_deltas_are_those_of_confirm_days_alone(bench: Bench) -> None:
    judged = ablate(bench, FASTER)
    assert judged.verdict.reason is not Reason.SCREENED, "a screened patch has no deltas to keep"
    deltas = bench.house.lake.read(bench.house.lake.pin("deltas", judged.id))
    assert set(deltas["unit"]) == {"small_reversal"} and deltas["delta"].abs().max() > 0.0
    first = folds_of(ground_of(bench)).confirm * DAY_NS
    assert deltas["ts_event"].min() >= first, "a day that was searched on decides nothing"


def test_an_arm_cut_to_days_has_the_turnover_of_those_days(bench: Bench) -> None:
    """What was traded on search folds decides nothing either."""
    arm = bench.baseline(ground_of(bench), "all")
    late = after(arm, int(arm.days[-60]))
    assert late.turnover == pytest.approx(float(np.mean(arm.traded[-60:]))) != arm.turnover
    assert len(arm.traded) == len(arm.days)


def test_a_stored_baseline_that_differs_makes_the_verdict_invalid(bench: Bench) -> None:
    ground = ground_of(bench)
    sink = CountingSink()
    play(ground, "all", sink, None)
    (key,) = sink.looks
    bench.house.ledger.append("baseline", {"key": key, "strategy": ground.name, "hash": "b3:other"})
    judged = ablate(bench, SLOWER)
    assert (judged.verdict.kind, judged.verdict.reason) == (Kind.INVALID, Reason.BASELINE_DIFFERS)
    assert "confirm" not in kinds(bench), "nothing is looked at on confirm folds"


def test_a_cache_cannot_vouch_for_itself(unvouched: Bench) -> None:
    """The bench's own arm is wrong here; the one that counts comes from a fresh process."""
    bench, ground = unvouched, ground_of(unvouched)
    wrong = bench.baseline(ground, "all")
    bench._arms[ground.name, "all"] = replace(wrong, hash="b3:wrong")
    invalid = ablate(bench, SLOWER)
    assert invalid.verdict.kind is Kind.INVALID and ablate(bench, SLOWER).id == invalid.id, "given once"


def test_an_invalid_verdict_ends_with_its_cause(bench: Bench) -> None:
    """It says nothing of the patch: once the baseline can be trusted, the same question has another answer."""
    right = bench.again()
    bench._again = dict.fromkeys(right, "b3:a-flipped-bit")
    invalid = ablate(bench, SLOWER)
    assert invalid.verdict.kind is Kind.INVALID and ablate(bench, SLOWER).id == invalid.id
    bench._again = dict(right)
    judged = ablate(bench, SLOWER)
    assert judged.verdict.kind is not Kind.INVALID and judged.id != invalid.id
    assert ablate(bench, SLOWER).id == judged.id and kinds(bench).count("verdict") == 2


def test_a_patch_that_breaks_its_modules_contract_is_rejected_before_any_look(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cws.ablation.ablate.violations", lambda patch: ("ignores_the_future: value",))
    judged = ablate(bench, SLOWER)
    assert judged.verdict.reason is Reason.CONTRACT_BROKEN and judged.verdict.detail == ("ignores_the_future: value",)
    assert "confirm" not in kinds(bench)


def test_what_looks_no_better_on_search_folds_costs_no_look(bench: Bench) -> None:
    found = [ablate(bench, Patch("reversal_5d", {"window_bars": bars})).verdict for bars in (3, 9, 20, 40)]
    screened = [one for one in found if one.reason is Reason.SCREENED]
    assert screened and all(one.p_alone is not None and one.p_alone > 0.3 for one in screened)
    assert kinds(bench).count("confirm") == len(found) - len(screened) > 0


def test_variants_of_a_finding_are_counted_once_each(bench: Bench) -> None:
    tries = [Patch("reversal_5d", {"window_bars": bars}, finding="f-1") for bars in (3, 4, 4)]
    other = Patch("reversal_5d", {"window_bars": 3}, finding="f-2")
    keep_patches(bench.house, [tries[0], replace(other, settings={"window_bars": 8})])
    assert [count_confirm(bench.house, patch) for patch in tries] == [1, 2, 2]
    assert count_confirm(bench.house, other) == 1


def test_a_finding_that_nobody_found_pays_with_its_module(bench: Bench) -> None:
    """Else whoever names every variant anew has one variant for ever."""
    named = [Patch("reversal_5d", {"window_bars": bars}, finding=f"mine-{bars}") for bars in (3, 4, 6)]
    assert [count_confirm(bench.house, patch) for patch in named] == [1, 2, 3]
    assert count_confirm(bench.house, Patch("reversal_5d", {"window_bars": 7})) == 4
    keep_patches(bench.house, [Patch("cs_zscore", {"z_max": 3.0}, finding="theirs")])
    assert count_confirm(bench.house, Patch("reversal_5d", {"window_bars": 8}, finding="theirs")) == 5


def test_a_patch_that_no_strategy_would_notice_is_refused(bench: Bench) -> None:
    with pytest.raises(CwsError, match="CWS-ABLATE-001"):
        ablate(bench, Patch("momentum_12_1", {"skip_bars": 5}))


def test_a_ruler_is_judged_whatever_the_recipes_set(bench: Bench) -> None:
    """Every strategy sets its own costs, yet a kinder value in the module's TOML finds its judge."""
    assert ablate(bench, Patch("cost_bps", {"cost_bps": 0.0})).judge == "correctness"


def test_holding_more_of_the_same_is_no_improvement(bench: Bench) -> None:
    for gross in (0.5, 2.0):
        judged = ablate(bench, Patch("rank_to_weight", {"gross": gross}))
        assert judged.verdict.kind is Kind.REJECT


def test_a_history_too_short_to_be_cut_is_refused(bench: Bench) -> None:
    ground = ground_of(bench)
    short = until(ground, int(days(ground)[60]))
    with pytest.raises(CwsError, match="CWS-ABLATE-003"):
        folds_of(short)


def test_a_fresh_process_that_dies_is_a_refusal_and_no_wait() -> None:
    with pytest.raises(CwsError, match="CWS-ABLATE-004"):
        in_fresh_process(os._exit, 3)
