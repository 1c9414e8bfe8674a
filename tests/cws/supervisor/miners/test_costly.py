"""Slow and memory-hungry modules."""

from traced import runs, seen

from cws.supervisor.miners.costly import mine

SECOND = 1_000_000_000


def test_a_module_that_dominates_its_runs_is_slow() -> None:
    (one,) = mine(seen({"wall_ns": 3 * SECOND}, {"module": "n", "wall_ns": SECOND // 2}))
    assert (one.kind, one.module, one.cost, one.unit) == ("slow", "m", 3.0, "seconds")
    assert "86% of the module time" in one.sentence


def test_a_second_among_many_is_not_slow() -> None:
    assert mine(seen(*({"module": f"n{n}", "wall_ns": SECOND} for n in range(11)))) == []


def test_a_run_that_took_several_times_the_usual_time_for_as_many_rows_is_found() -> None:
    usual = runs(4, wall_ns=SECOND // 4)
    (one,) = mine(seen(*usual, {"run_id": "run 5", "wall_ns": 9 * SECOND // 10}))
    assert (one.kind, one.evidence) == ("slower", ("t5",))


def test_more_rows_take_more_time_and_three_runs_say_nothing() -> None:
    usual = runs(4, wall_ns=SECOND // 4)
    grown = {"run_id": "run 5", "wall_ns": 9 * SECOND // 10, "rows_in": 4_000}
    assert mine(seen(*usual, grown)) == []
    assert mine(seen(*usual[:2], {"run_id": "run 5", "wall_ns": 9 * SECOND // 10})) == []


def test_a_module_that_raises_the_memory_is_found() -> None:
    (one,) = mine(seen({"peak_rss_rise_kb": 512 * 1024}))
    assert (one.kind, one.cost) == ("memory", 2.0) and "512 MB" in one.sentence
    assert mine(seen({"peak_rss_rise_kb": 255 * 1024})) == []
