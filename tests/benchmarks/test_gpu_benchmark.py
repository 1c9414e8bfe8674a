"""The CUDA benchmark asks both sides the same, as numba's simulator shows, and it measures no simulator."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba import cuda

ROOT = Path(__file__).resolve().parents[2]


def ran(*command: str, simulator: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": simulator, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )


def test_both_sides_of_every_family_are_the_same_question() -> None:
    code = (
        "import json; from benchmarks.gpu import as_bytes, calls; "
        "print(json.dumps({name: as_bytes(one()) == as_bytes(other()) for name, (one, other) in calls(16).items()}))"
    )
    done = ran("-c", code, simulator="1")
    assert done.returncode == 0, done.stderr[-2_000:]
    assert set(json.loads(done.stdout).values()) == {True} and len(json.loads(done.stdout)) == 5


@pytest.mark.skipif(cuda.is_available(), reason="there is a CUDA device here: it would be measured")
def test_without_a_card_nothing_is_measured() -> None:
    for simulator in ("0", "1"):
        done = ran("-m", "benchmarks.gpu", "--json", simulator=simulator)
        assert (done.returncode, done.stdout) == (2, "") and "nothing was measured" in done.stderr
