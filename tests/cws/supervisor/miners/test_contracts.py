"""Broken promises: what the runner refuses, and acceptance checks that do not hold."""

import pytest
from traced import failed_check, seen

from cws.supervisor.miners.contracts import mine


@pytest.mark.parametrize("code", ["CWS-TABLE-001", "CWS-RUN-001", "CWS-CANON-001"])
def test_what_the_contract_refuses_is_a_finding(code: str) -> None:
    (one,) = mine(seen({"error": f"CwsError: {code}: rows are missing", "signature": f"CwsError:{code}:abc"}))
    assert (one.kind, one.module) == ("contract", "m") and code in one.sentence


def test_a_failed_check_is_named_with_what_it_measured_and_the_settings_behind_it() -> None:
    (one,) = mine(seen({}, {"checks": failed_check("stays_small")}))
    assert (one.kind, one.signature, one.suspects, one.evidence) == ("check", "stays_small", ("window_bars",), ("t2",))
    assert "measured 7.0, bound <= 6" in one.sentence


def test_each_check_is_a_finding_of_its_own() -> None:
    both = failed_check("a") + failed_check("b", None)
    found = mine(seen({"checks": both}, {"checks": both, "run_id": "run 2"}))
    assert [(one.signature, one.frequency) for one in found] == [("a", 2), ("b", 2)]
    assert "measured" not in found[1].sentence


def test_kept_promises_and_other_errors_are_none() -> None:
    assert mine(seen({}, {"error": "ValueError: x", "signature": "ValueError:-:abc"})) == []
