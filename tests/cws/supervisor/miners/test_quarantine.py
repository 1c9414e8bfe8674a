"""Rows lost to quarantine: too many of all, or many more than before."""

from traced import seen

from cws.supervisor.miners.quarantine import mine


def test_a_step_that_refuses_a_large_share_is_found_with_its_rows() -> None:
    (one,) = mine(seen({"rows_refused": 60}, {"run_id": "run 2", "rows_refused": 40}))
    assert (one.unit, one.cost, one.frequency, one.suspects) == ("rows", 50.0, 2, ("window_bars",))
    assert "refuses 40 rows, 4.00%" in one.sentence


def test_a_step_that_refuses_many_more_than_it_did_is_found() -> None:
    many = {"rows_in": 1_000_000}
    (one,) = mine(seen(many | {"rows_refused": 5}, many | {"rows_refused": 100, "run_id": "run 2"}))
    assert one.evidence == ("t2",) and "once 5" in one.sentence


def test_a_few_rows_and_fewer_than_before_are_healthy() -> None:
    assert mine(seen({"rows_refused": 4}, {"rows_refused": 5, "run_id": "run 2"})) == []
    many = {"rows_in": 1_000_000}
    assert mine(seen(many | {"rows_refused": 100}, many | {"rows_refused": 5, "run_id": "run 2"})) == []
    assert mine(seen(many | {"rows_refused": 1}, many | {"rows_refused": 19, "run_id": "run 2"})) == []


def test_a_failed_run_and_one_that_repeats_another_do_not_count() -> None:
    assert mine(seen({"rows_refused": 60, "error": "E", "signature": "E"})) == []
    assert mine(seen({"rows_refused": 60, "run_id": "reproduce 7"})) == []
