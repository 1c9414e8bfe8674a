"""Drift: a step's output moved between two versions; only the first of a chain that moved is named."""

import math
from typing import Any

import pytest
from traced import PROFILE, profile, seen

from cws.supervisor.miners.drift import compare, mine


def second(**change: Any) -> dict[str, Any]:
    return {"run_id": "run 2", **change}


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"p50": 1.2}, "median"),
        ({"p01": -3.0, "p99": 3.0}, "spread"),
        ({"p01": 0.0, "p99": 0.0}, "spread"),
        ({"nan_share": 0.2}, "share without a value"),
    ],
    ids=["middle", "wider", "no spread at all", "holes"],
)
def test_what_moves_far_is_found(figures: dict[str, float], said: str) -> None:
    (one,) = mine(seen({}, second(profile=profile(**figures))))
    assert (one.kind, one.signature, one.evidence) == ("data", "s/feature/value", ("t2",))
    assert said in one.sentence and "with the same settings" in one.sentence and one.cost > 1.0


@pytest.mark.parametrize("figures", [{}, {"p50": 0.3}, {"p99": 1.5}, {"nan_share": 0.14}], ids=str)
def test_what_moves_a_little_is_healthy(figures: dict[str, float]) -> None:
    assert mine(seen({}, second(profile=profile(**figures)))) == []


def test_a_change_of_settings_is_suspected() -> None:
    (one,) = mine(seen({}, second(settings={"window_bars": 50}, profile=profile(p50=2.0))))
    assert (one.kind, one.suspects) == ("settings", ("window_bars",))
    assert "after a change of window_bars" in one.sentence


def test_a_change_of_skill_is_suspected_too() -> None:
    (one,) = mine(seen({"skills": {"scale": "a@1"}}, second(skills={"scale": "b@1"}, profile=profile(p50=2.0))))
    assert one.suspects == ("scale",)


def test_only_the_first_of_a_chain_is_named() -> None:
    def chain(run: str, figures: dict[str, float]) -> list[dict[str, Any]]:
        moved = {"run_id": run, "profile": profile(**figures)}
        return [
            {**moved, "outputs": {"signal": f"a {run}"}},
            # A sealed module in between has no figures, but what it makes follows from what it took.
            {
                **moved,
                "module": "sealed",
                "inputs": {"signal": f"a {run}"},
                "outputs": {"x": f"b {run}"},
                "profile": {},
            },
            {**moved, "module": "later", "inputs": {"x": f"b {run}"}, "outputs": {"y": f"c {run}"}},
        ]

    (one,) = mine(seen(*chain("run 1", {}), *chain("run 2", {"p50": 2.0})))
    assert one.module == "m"


def test_the_same_output_again_is_no_new_version_and_keeps_the_finding_open() -> None:
    moved = second(profile=profile(p50=2.0), outputs={"signal": "b3:new"})
    (one,) = mine(seen({}, moved, moved | {"run_id": "run 3"}))
    assert (one.frequency, one.is_open) == (2, True)


def test_other_strategies_are_other_steps() -> None:
    assert mine(seen({}, {"strategy": "other", "profile": profile(p50=9.0)})) == []


def test_columns_without_numbers_are_compared_by_their_holes_alone() -> None:
    empty = {**PROFILE, "p01": None, "p50": None, "p99": None, "nan_share": 1.0}
    assert compare(empty, empty)[1] == 0.0
    said, badness = compare(PROFILE, empty)
    assert "share without a value" in said and math.isclose(badness, 18.0)
