"""Exceptions by stack signature: one finding a fault, whatever its message says that day."""

from traced import seen

from cws.supervisor.miners.failures import mine

BROKEN = {"error": "ValueError: no 7 in day 1", "signature": "ValueError:-:abc", "outputs": {}, "profile": {}}


def test_one_fault_on_two_days_is_one_finding() -> None:
    (one,) = mine(seen(BROKEN, BROKEN | {"error": "ValueError: no 9 in day 2", "run_id": "run 2"}))
    assert (one.frequency, one.kind, one.unit, one.signature) == (2, "exception", "failed_runs", "ValueError:-:abc")
    assert "no 9 in day 2" in one.sentence and one.is_open


def test_two_signatures_or_two_modules_are_two_findings() -> None:
    assert len(mine(seen(BROKEN, BROKEN | {"signature": "ValueError:-:other"}, BROKEN | {"module": "n"}))) == 3


def test_a_fault_that_went_away_is_past() -> None:
    (one,) = mine(seen(BROKEN, {"run_id": "run 2"}))
    assert not one.is_open


def test_traces_that_worked_and_refusals_of_the_contract_are_not_its_business() -> None:
    assert mine(seen({}, BROKEN | {"signature": "CwsError:CWS-TABLE-001:abc"})) == []
