"""`cws gate certify`: the short version with everything real, and reruns that differ or fall over."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT, pure_environment
from small_house import make_place

from cws.strategies import catalogue
from cws_dagster.rerun import accounts_again, examples_again
from modules.errors import CwsError
from modules.registry import all_modules

KEYS = (
    "null_false_ship_rate power_1_sigma power_half_sigma fdr null_batch_any_ship adversary_fdr naive_false_ship_rate "
    "aa_bitexact_rate aa_modules aa_strategies aa_shipped"
)


def test_the_short_certificate_passes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cws_dagster.cli", "gate", "certify", "--seed", "11", "--short", "--json"]
    environment = pure_environment(CWS_HOME=str(tmp_path))
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(KEYS.split()) <= set(said)
    assert said["passed"]
    assert (said["aa_bitexact_rate"], said["aa_shipped"]) == (1.0, 0.0)
    assert said["aa_modules"] == len(all_modules())
    assert said["aa_strategies"] == len(catalogue(ROOT / "strategies").strategies) > 0
    assert said["end_to_end"]["passed"]
    told = {(one["what"], one["kind"], one["reason"]) for one in said["end_to_end"]["verdicts"]}
    assert {("truly better", "PASS", "BETTER"), ("a kinder ruler", "REJECT", "HARM")} <= told
    assert {"measured", "limit", "standard_error", "passed"} <= set(said["bounds"][0])
    refused = [cell for cell in said["sizes"] if cell["insufficient"]]
    assert {(cell["days"], cell["horizon_days"]) for cell in refused} == {(64, 5), (64, 10)}
    assert "certifying" in done.stderr


def fake_modules(folder: Path, hashes: str) -> None:
    (folder / "modules").mkdir()
    (folder / "modules/__init__.py").write_text("")
    (folder / "modules/conformance.py").write_text(f"def example_hashes(module):\n    return {hashes}\n")
    registry = "from types import SimpleNamespace as N\ndef all_modules():\n    return [N(name='a'), N(name='b')]\n"
    (folder / "modules/registry.py").write_text(registry)


@pytest.mark.parametrize(
    ("hashes", "same"),
    [
        ("{'out': 'b3:1'}", 2),
        ("{'out': hash('order of a set') if module.name == 'b' else 0}", 1),
        ("{'out': __import__('os').environ.get('OMP_NUM_THREADS') if module.name == 'b' else 0}", 1),
    ],
)
def test_what_leans_on_the_process_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashes: str, same: int
) -> None:
    fake_modules(tmp_path, hashes)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = examples_again()
    assert ([one.name for one in found], sum(one.same for one in found)) == (["a", "b"], same)


def test_a_rerun_that_falls_over_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_modules(tmp_path, "1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CwsError, match=r"CWS-GATE-007.*ZeroDivisionError"):
        examples_again()


LEANS_ON_THE_PROCESS = """
from dataclasses import replace
from modules.registry import load
module = load("rank_to_weight")
settings = {**module.manifest.settings, "gross": 0.1 + hash("order of a set") % 1_000 / 2_000}
module.__dict__["manifest"] = replace(module.manifest, settings=settings)
"""


@pytest.mark.parametrize("leans", [False, True])
def test_a_strategy_whose_account_leans_on_the_process_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leans: bool
) -> None:
    place = make_place(tmp_path / "place")
    if leans:
        (tmp_path / "sitecustomize.py").write_text(LEANS_ON_THE_PROCESS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    (found,) = accounts_again(place.strategies, 150)
    assert (found.kind, found.name, found.same) == ("strategy", "small_reversal", not leans)


def test_a_strategy_that_refuses_its_data_is_told(tmp_path: Path) -> None:
    place = make_place(tmp_path / "place", b"Ticker,Date\n")
    with pytest.raises(CwsError, match=r"CWS-GATE-007.*each strategy again.*CWS-ABLATE-005"):
        accounts_again(place.strategies, None)
