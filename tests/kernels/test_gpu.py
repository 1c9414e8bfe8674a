"""The CUDA versions: their indices in numba's simulator everywhere, their bytes where there is a device."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba import cuda

CHECK = Path(__file__).with_name("gpu_index_logic.py")
ROOT = Path(__file__).resolve().parents[2]
EQUAL = ["sweep equal", "rolling equal", "cross_section equal", "bootstrap equal", "panel equal"]


def lines(bars: int, sets: int, **environment: str) -> list[str]:
    command = [sys.executable, str(CHECK), str(bars), str(sets)]
    given = {**os.environ, **environment, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=given, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.splitlines()


def test_indices_in_the_simulator() -> None:
    # 130 of each: more than one block of threads, and one that is not full.
    assert lines(5, 130, NUMBA_ENABLE_CUDASIM="1") == EQUAL


@pytest.mark.skipif(not cuda.is_available(), reason="no CUDA device here: only the simulator ran")
def test_bytes_on_the_device() -> None:
    assert lines(500, 1_000, NUMBA_ENABLE_CUDASIM="0") == EQUAL
