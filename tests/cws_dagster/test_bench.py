"""`cws bench` runs the checkout's benchmarks in a process of their own and says the same figures of each."""

import json
from pathlib import Path

import pytest

from cws_dagster.cli import main
from cws_dagster.commands import bench

SMALL = ["--assets", "12", "--bars", "60", "--rounds", "1"]
FIGURES = {
    "name", "ours_ns", "peer", "peer_ns", "ratio", "max_rel_diff", "bit_equal_reference", "ours_peak_mb",
    "peer_peak_mb", "limit", "of_limit", "peer_suspect", "machine", "versions", "scaling", "more",
}  # fmt: skip


def test_json_has_the_figures_of_every_peered_benchmark(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "panel", "--json", *SMALL]) == 0
    out, err = capfd.readouterr()
    found = json.loads(out)
    assert set(found) == FIGURES and found["more"]["assets"] == 12
    assert found["name"] == "panel" and found["bit_equal_reference"] is True and None not in found.values()
    assert "round 1 of 1" in err, "whoever waits sees that something happens"


def checkout(folder: Path, script: str) -> Path:
    """A checkout whose only benchmark is the script."""
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "__init__.py").touch()
    (folder / "benchmarks" / "lake.py").write_text(script)
    return folder


def test_people_get_what_the_benchmark_prints_for_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "ROOT", checkout(tmp_path, "import sys\nprint(sys.argv[1:])\n"))
    assert main(["bench", "lake", "--folder", "x"]) == 0
    assert capfd.readouterr().out == "['--folder', 'x']\n"


def test_a_figure_that_is_not_given_is_null() -> None:
    found = bench.figures({"name": "alpha", "rows": [1]})
    assert found["scaling"] is None and found["more"] == {"rows": [1]} and set(found) == FIGURES


def test_every_name_is_a_file_of_the_checkout() -> None:
    assert [name for name in bench.NAMES if not (bench.ROOT / "benchmarks" / f"{name}.py").is_file()] == []


def refused(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    assert main(["bench", *arguments, "--json"]) == 2
    return json.loads(capfd.readouterr().out.splitlines()[-1])["error"]


def test_an_unknown_name_is_refused_with_the_nearest(capfd: pytest.CaptureFixture[str]) -> None:
    error = refused(capfd, "panle")
    assert error["code"] == "CWS-BENCH-001" and "panel" in error["fix"]


def test_without_a_checkout_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    error = refused(capfd, "panel")
    assert error["code"] == "CWS-BENCH-002" and "checkout" in error["what"] and error["where"] == str(tmp_path)


def test_without_the_peer_it_says_so(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "PEERS", {"panel": "no_such_peer"})
    assert refused(capfd, "panel")["code"] == "CWS-BENCH-003"


def test_a_benchmark_that_breaks_is_a_refusal_and_no_figure(capfd: pytest.CaptureFixture[str]) -> None:
    error = refused(capfd, "panel", "--sets", "3")
    assert error["code"] == "CWS-BENCH-004" and "--sets 3" in error["where"]


def test_a_broken_promise_is_exit_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script = "import sys\nprint('{\"name\": 1}')\nsys.exit(1)\n"
    monkeypatch.setattr(bench, "ROOT", checkout(tmp_path, script))
    assert main(["bench", "lake", "--json"]) == 1
    assert json.loads(capfd.readouterr().out) == {"name": 1}
