"""Identical work done again, within a run and between runs."""

from typing import Any

from traced import seen

from cws.supervisor.miners.repeated import mine

WORK: dict[str, Any] = {"inputs": {"bars": "b3:same"}, "wall_ns": 400_000_000}


def test_the_same_work_in_two_units_of_a_run_is_found_with_its_seconds() -> None:
    (one,) = mine(seen(WORK, WORK | {"strategy": "b"}, WORK | {"strategy": "c"}))
    assert (one.kind, one.frequency, one.cost, one.evidence) == ("within a run", 2, 0.4, ("t2", "t3"))
    assert one.score == 0.8 and "(b, c)" in one.sentence


def test_the_same_work_in_other_runs_is_another_finding() -> None:
    new = [{"run_id": f"run {n}", "module": "n"} for n in (2, 3)]
    found = mine(seen(WORK, *new, *(WORK | {"run_id": f"run {n}", "strategy": s} for n in (2, 3) for s in ("a", "b"))))
    assert {(one.kind, one.module, one.frequency) for one in found} == {
        ("between runs", "m", 2),
        ("within a run", "m", 2),
    }


def test_runs_that_did_nothing_new_are_one_finding_of_no_module() -> None:
    (one,) = mine(seen(*({**WORK, "run_id": f"run {n}", "module": m} for n in (1, 2, 3) for m in ("a", "b"))))
    assert (one.kind, one.module, one.frequency) == ("whole runs", "-", 4) and "2 runs" in one.sentence


def test_a_module_that_waited_for_its_turn_did_no_work() -> None:
    waited = WORK | {"cpu_ns": 10_000_000}
    assert mine(seen(waited, waited | {"strategy": "b"}, waited | {"strategy": "c"})) == []


def test_other_inputs_other_settings_and_other_modules_are_other_work() -> None:
    others = [{"inputs": {"bars": "b3:other"}}, {"settings": {"window_bars": 6}}, {"module": "n"}]
    assert mine(seen(WORK, *(WORK | other for other in others))) == []


def test_a_failed_run_one_on_purpose_and_a_moment_are_no_missed_shortcut() -> None:
    on_purpose = {"run_id": "reproduce 41", "wall_ns": 9_000_000_000}
    assert mine(seen(WORK, WORK | on_purpose, WORK | {"error": "E", "signature": "E"})) == []
    assert mine(seen(WORK, WORK | {"wall_ns": 499_000_000})) == []
