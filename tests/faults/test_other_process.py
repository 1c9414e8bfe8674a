"""Nothing of a result hangs on the process or the state that made it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import children
import pytest
from children import walk
from small_house import ROOT, Place, hashes_in_force

from cws.execution.binaries import BUILT, INSTALL, missing

GOLDEN = {
    "paper": ROOT / "tests" / "golden" / "result_hashes.json",
    "native": ROOT / "tests" / "golden" / "result_hashes_native.json",
}


def test_after_all_state_is_gone_the_same_bytes_come_back(copied: Place, done: Any) -> None:
    shutil.rmtree(copied.home)
    walk(copied)
    assert hashes_in_force(copied) == done.hashes


def test_the_small_strategy_in_a_process_with_another_hash_seed_and_more_threads(copied: Place, done: Any) -> None:
    shutil.rmtree(copied.home)
    assert elsewhere(copied.folder, PYTHONHASHSEED="1", OMP_NUM_THREADS="7") == done.hashes


def test_every_real_strategy_in_a_process_with_another_hash_seed_and_one_thread(tmp_path: Path) -> None:
    """Stage by stage without Dagster, in a fresh home: the hashes that the main job had when they were committed.

    How orders are executed is the last stage's affair alone: native execution goes on from what the paper one had.
    """
    shutil.copytree(ROOT / "strategies", tmp_path / "strategies")
    alone = {"PYTHONHASHSEED": "31337", "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}
    assert elsewhere(tmp_path, **alone, CWS_EXECUTION="paper") == json.loads(GOLDEN["paper"].read_text())
    if absent := missing(BUILT):
        pytest.skip(f"only paper ran: {', '.join(absent)} were not built: {INSTALL}")
    assert elsewhere(tmp_path, "execute", **alone, CWS_EXECUTION="auto") == json.loads(GOLDEN["native"].read_text())


def elsewhere(folder: Path, *stages: str, **variables: str) -> dict[str, str]:
    """The result hashes of a walk (of all stages when none is named) in a process of its own."""
    arguments = [sys.executable, children.__file__, str(folder), *stages]
    environment = os.environ | variables
    child = subprocess.run(
        arguments, check=False, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=250
    )
    assert child.returncode == 0, child.stderr[-3000:]
    return json.loads(child.stdout.splitlines()[-1])
