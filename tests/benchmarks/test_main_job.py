import importlib
import json

import pytest

from benchmarks import lake as lake_bench
from benchmarks.main_job import MEASURED, Stopwatch


def busy(rounds: int) -> int:
    return sum(range(rounds))


def outer() -> int:
    return busy(1_000) + inner()


def inner() -> int:
    return busy(2_000_000)


@pytest.mark.parametrize(("name", "where"), MEASURED)
def test_what_is_measured_exists(name: str, where: str) -> None:
    module, path = where.split(":")
    found: object = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    assert callable(found), name


def test_time_is_booked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outer function's time does not hold the inner one's."""
    watch = Stopwatch()
    monkeypatch.setitem(globals(), "inner", watch._timed("inner", inner))
    assert watch._timed("outer", outer)() == outer()
    assert set(watch.cpu_ns) == {"inner", "outer"}
    assert watch.cpu_ns["inner"] > watch.cpu_ns["outer"]


def test_the_lake_and_the_ledger_are_measured_against_their_limits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"ROWS": 2_000, "SYMBOLS": 10, "REPETITIONS": 1, "APPENDS": 3, "GROWN": 30}.items():
        monkeypatch.setattr(lake_bench, name, value)
    assert lake_bench.main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(found["lake"]["took"]) == {"commit", "read", "limit_write", "limit_read", "limit_hash"}
    assert found["ledger"]["append"]["p50_ms"] > 0.0
    assert found["growth"]["appends"] == 30
