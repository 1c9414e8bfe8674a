"""One run of one module: inputs validated and untouched, every failure a trace, rows that must add up."""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import Field

from modules.conformance import example_inputs
from modules.contract import Check, Manifest, Module, ModuleSettings, module
from modules.errors import CwsError
from modules.examples import bars_example
from modules.refusal import split
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.settings import Bound, bind
from modules.tables import BARS, REFUSED
from modules.values import Table, make_table, raw_bytes

Core = Callable[[pd.DataFrame], object]


class Settings(ModuleSettings):
    window_bars: int = Field(ge=1, le=9, description="bars")


def bars() -> Table:
    return make_table(bars_example(np.random.default_rng(2), 30), BARS, "test")


def made(body: Core, gives: object = BARS, check: Callable[[object, object], object] | None = None) -> Bound:
    """A module of this file whose core is `body`."""

    def test_runner(bars: pd.DataFrame, settings: Settings) -> object:
        return body(bars)

    one: Module = module(takes=BARS, gives=gives, settings=Settings, example=lambda rng: bars_example(rng))(test_runner)  # type: ignore[arg-type]
    vars(one)["manifest"] = Manifest("correctness", {"window_bars": 3})
    if check is not None:
        one.accept(check)  # type: ignore[arg-type]
    return bind(one)


def ran(body: Core, gives: object = BARS, check: Callable[[object, object], object] | None = None) -> ModuleRun:
    return run(made(body, gives, check), {"bars": bars()})


def test_a_run_names_settings_inputs_and_outputs_by_hash() -> None:
    outcome = ran(lambda frame: frame.assign(close=frame["close"] * 2.0))
    trace = outcome.trace
    assert (trace.error, outcome.failure, trace.module, trace.stage) == ("", None, "test_runner", "modules")
    assert trace.inputs == {"bars": bars().hash} and trace.outputs == {"bars": outcome.outputs["bars"].hash}
    assert trace.outputs["bars"] != trace.inputs["bars"] and trace.settings == {"window_bars": 3}
    assert trace.rows_in == trace.rows_out == bars().rows and trace.rows_refused == 0
    assert trace.wall_ns > 0 and trace.cpu_ns >= 0 and trace.peak_rss_rise_kb >= 0


def test_writing_to_the_frame_does_not_reach_the_input() -> None:
    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        frame["close"] = 1.0
        return frame

    given = bars()
    run(made(spoil), {"bars": given})
    assert make_table(given.frame, BARS, "test").hash == given.hash


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (lambda frame: frame.drop(columns="close"), "CWS-TABLE-001"),
        (lambda frame: frame["no such column"], "KeyError"),
        (lambda frame: 1 / 0, "ZeroDivisionError"),
        (lambda frame: (frame, frame), "AssertionError"),
        (lambda frame: None, "Error"),
    ],
    ids=["misshapen output", "missing column", "bug", "two tables", "nothing"],
)
def test_a_failure_is_returned_with_its_trace_and_gives_nothing(body: Core, error: str) -> None:
    outcome = ran(body)
    assert outcome.failure is not None and error in outcome.trace.error and dict(outcome.outputs) == {}
    assert outcome.trace.rows_in == bars().rows and outcome.trace.wall_ns > 0


def test_a_row_may_leave_only_through_refused() -> None:
    outcome = ran(lambda frame: (frame.iloc[1:], split(frame.iloc[:0], {})[1]), (BARS, REFUSED))
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-RUN-001"
    assert dict(outcome.outputs) == {}
    fine = ran(lambda frame: split(frame, {"first": np.arange(len(frame)) == 0}), (BARS, REFUSED))
    assert fine.failure is None and fine.trace.rows_refused == 1


def test_a_failed_check_is_no_failure_of_the_run_but_is_told() -> None:
    def never(before: object, after: object) -> Check:
        """It never holds."""
        return Check(False, 2.0, "<= 1")

    outcome = ran(lambda frame: frame, check=never)
    assert outcome.failure is None and outcome.trace.failed_checks == ["never"]
    (found,) = outcome.trace.checks
    assert (found.why, found.check.measured, found.check.bound) == ("It never holds.", 2.0, "<= 1")


def test_a_check_that_falls_over_fails_the_run() -> None:
    def broken(before: object, after: object) -> bool:
        """It divides by zero."""
        return 1 / 0 > 1

    outcome = ran(lambda frame: frame, check=broken)
    assert isinstance(outcome.failure, ZeroDivisionError) and dict(outcome.outputs) == {}


def test_a_table_of_another_schema_is_validated_again() -> None:
    wrong = Table(bars().frame.drop(columns="close"), "b3:claimed", "something else")
    outcome = run(made(lambda frame: frame), {"bars": wrong})
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-TABLE-001"


def test_more_tables_than_are_taken_are_left_alone() -> None:
    outcome = run(made(lambda frame: frame), {"bars": bars(), "raw": raw_bytes(b"x")})
    assert list(outcome.trace.inputs) == ["bars"] and outcome.failure is None


def test_a_missing_table_is_a_programmers_error() -> None:
    with pytest.raises(KeyError):
        run(made(lambda frame: frame), {})


def test_warnings_are_kept_and_do_not_print() -> None:
    def noisy(frame: pd.DataFrame) -> pd.DataFrame:
        for number in range(50):
            warnings.warn(f"warning {number:02d}", UserWarning, stacklevel=1)
        return frame

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = ran(noisy)
    assert len(outcome.trace.warnings) == 20 and outcome.trace.warnings[0] == "warning 00"


def test_the_same_run_twice_has_the_same_trace_but_for_time() -> None:
    one, two = (run(bind(load("returns")), example_inputs(load("returns"))).trace for _ in range(2))
    timeless = {"wall_ns": 0, "cpu_ns": 0, "peak_rss_rise_kb": 0, "checks": []}
    assert replace(one, **timeless) == replace(two, **timeless)  # type: ignore[arg-type]


def test_only_the_runner_calls_a_core() -> None:
    assert not callable(load("returns")), "a module is no function: nothing runs without contract and trace"
    assert Path(inspect.getfile(run)).name == "runner.py"
