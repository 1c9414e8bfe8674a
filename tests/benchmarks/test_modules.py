"""The overhead benchmark measures what it says: the contract around a core, every row validated."""

import json
from dataclasses import replace

import pytest
from blake3 import blake3

from benchmarks import modules as bench
from benchmarks.identity import COLUMNS, ROWS, identity
from modules.canonical import content_hash
from modules.conformance import example_inputs
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.values import Table


@pytest.fixture(scope="module")
def eight() -> Table:
    value = example_inputs(identity)["eight"]
    assert isinstance(value, Table)
    return value


def test_the_table_is_the_one_of_the_goal(eight: Table) -> None:
    assert eight.frame.shape == (ROWS, len(COLUMNS)) == (100_000, 8)
    outcome = run(bind(identity), {"eight": eight})
    assert (outcome.trace.error, outcome.trace.failed_checks, len(outcome.trace.checks)) == ("", [], 2)


def test_rows_that_nobody_validated_are_all_validated(eight: Table) -> None:
    worst = eight.frame.copy()
    worst.loc[ROWS - 1, "row"] = -1
    unchecked = {"eight": replace(eight, frame=worst)}
    assert run(bind(identity), bench.unvalidated(unchecked)).trace.error.startswith("CwsError: CWS-TABLE-001")


def test_the_limit_hashes_the_very_bytes(eight: Table) -> None:
    data = bench.canonical_bytes(eight.frame)
    assert content_hash(eight.frame) == "b3:" + blake3(data).hexdigest()
    assert len(data) % 8 == 0


def test_core_and_checks_are_taken_off_and_put_back(eight: Table) -> None:
    core, acceptance = identity._core, identity.acceptance
    found = bench.overhead(identity, {"eight": eight}, 3)
    assert identity._core is core
    assert identity.acceptance is acceptance
    assert found["rows"] == ROWS
    assert 0.0 < float(str(found["overhead_ms"])) < float(str(found["run_ms"]))
    assert float(str(found["checks_ms"])) > 0.0


def test_a_check_that_takes_settings_still_gets_them() -> None:
    module = load("position_limits")
    with bench.clocked(module) as spent:
        trace = run(bind(module), example_inputs(module)).trace
    assert (trace.error, trace.failed_checks) == ("", [])
    assert spent.core_ns > 0
    assert spent.checks_ns > 0


def test_json_has_the_goal_and_the_limit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "REPETITIONS", 1)
    code = bench.main(["--json"])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (code == 0) == found["within_goal"] == (found["overhead_ms"] <= found["goal_ms"])
    assert set(found) >= {"name", "limit_ms", "of_limit", "python", "versions", "machine", "load", "parts"}
