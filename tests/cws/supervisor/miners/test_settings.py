"""Settings that do nothing: stopped, idle, at a bound, never tried."""

from typing import Any

import pytest
from traced import seen

from cws.supervisor.miners.settings import LEAST_VERSIONS, mine
from cws.supervisor.seen import Bounds, Declared

FREE = {"m": Declared("correctness", "signal", {"window_bars": Bounds(2, 60)})}


def idle(n: int, **change: Any) -> dict[str, Any]:
    """A trace that gives back the table that it took: version n of the data, in a run of its own."""
    return {"run_id": f"run {n}", "inputs": {"signal": f"v{n}"}, "outputs": {"signal": f"v{n}"}, **change}


def busy(n: int, **change: Any) -> dict[str, Any]:
    return idle(n, outputs={"signal": f"made of {n}"}, **change)


def test_a_limit_that_stopped_binding_when_it_was_moved_is_found_at_once() -> None:
    (one,) = mine(seen(busy(1), idle(1, settings={"window_bars": 50}, run_id="run 2"), modules=FREE))
    assert (one.kind, one.suspects, one.evidence) == ("stopped", ("window_bars",), ("t2",))


def test_a_limit_that_binds_again_or_never_bound_has_not_stopped() -> None:
    assert mine(seen(busy(1), busy(2, settings={"window_bars": 50}), modules=FREE)) == []
    assert mine(seen(idle(1), idle(2, settings={"window_bars": 50}), modules=FREE)) == []


def test_a_module_that_never_did_anything_on_many_versions_is_idle() -> None:
    (one,) = mine(seen(*map(idle, range(LEAST_VERSIONS)), modules=FREE))
    assert (one.kind, one.frequency, one.suspects) == ("idle", 1, ("window_bars",)), "it holds, it does not happen"
    assert (one.first_seen_ns, one.last_seen_ns) == (1, LEAST_VERSIONS)


@pytest.mark.parametrize(
    "traces",
    [
        [idle(n) for n in range(LEAST_VERSIONS - 1)],
        [idle(n, run_id="run 1") for n in range(LEAST_VERSIONS)],
        [idle(1, run_id=f"run {n}") for n in range(LEAST_VERSIONS)],
        [*(idle(n) for n in range(LEAST_VERSIONS)), busy(9)],
    ],
    ids=["few versions", "one run", "one version", "once it did something"],
)
def test_too_little_was_seen_or_it_did_something(traces: list[dict[str, Any]]) -> None:
    assert mine(seen(*traces, modules=FREE)) == []


@pytest.mark.parametrize("bound", [2, 60])
def test_a_number_that_was_moved_onto_its_bound_is_found(bound: int) -> None:
    (one,) = mine(seen(busy(1), busy(2, settings={"window_bars": bound}), modules=FREE))
    assert (one.kind, one.suspects) == ("at a bound", ("window_bars",)) and f"window_bars = {bound}" in one.sentence


def test_a_number_that_always_stood_on_its_bound_is_somebodys_choice() -> None:
    at_bound = {"settings": {"window_bars": 2}}
    assert mine(seen(busy(1, **at_bound), busy(2, **at_bound), modules=FREE)) == []
    assert mine(seen(busy(1, **at_bound), busy(2), modules=FREE)) == []


def test_a_number_of_a_value_module_that_never_had_another_value_is_found() -> None:
    (one,) = mine(seen(*map(busy, range(LEAST_VERSIONS))))
    assert (one.kind, one.suspects) == ("never tried", ("window_bars",))
    assert mine(seen(*map(busy, range(LEAST_VERSIONS)), modules=FREE)) == [], "its judge is no P&L"
    tried = [*map(busy, range(LEAST_VERSIONS)), busy(9, settings={"window_bars": 6})]
    assert mine(seen(*tried)) == []
