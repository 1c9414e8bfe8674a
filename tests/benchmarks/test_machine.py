import json

import pytest

from benchmarks.machine import facts, interleaved, quantile, show


def test_rounds_run_every_call_in_turn() -> None:
    order: list[str] = []
    took = interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 3
    assert set(took) == {"a", "b"}


def test_cpu_time_is_of_the_call_that_spent_it() -> None:
    took = interleaved({"busy": lambda: sum(range(300_000)), "idle": lambda: None}, 3)
    assert took["busy"]["cpu_ms"] > took["idle"]["cpu_ms"]


def test_a_quantile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (quantile(values, 0.0), quantile(values, 0.5), quantile(values, 0.99), quantile([7.0], 0.99)) == (
        1,
        51,
        100,
        7,
    )


def test_facts_are_json_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(facts())
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found["machine"]["cores"] >= 1
    assert set(found["versions"]) >= {"pandas", "pandera"}
