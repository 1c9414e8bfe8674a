"""A full disk in the middle of a run: a coded error, nothing half-written, and the same bytes once there is room."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import small_disk
from small_house import ROOT, Place, make_place

from modules.errors import CwsError

# Root without the right to mount falls back to the size limit inside the child.
NAMESPACE = ["unshare", "-m"] if os.geteuid() == 0 and shutil.which("unshare") else []
CODES = {"keep": "CWS-SOURCE-004", "write_parquet": "CWS-LAKE-015", "write_commit": "CWS-LAKE-015"}


def expected_codes(step: Any) -> set[str]:
    """With no page free the very step fails; with a few, whichever write comes after them."""
    if step == "main job":
        return {"CWS-JOB-001"}
    return {CODES[step[1]]} | ({"CWS-LEDGER-009"} if step[3] else set())


def squeezed(folder: Path) -> list[dict[str, Any]]:
    arguments = [sys.executable, small_disk.__file__, str(folder)]
    child = subprocess.run([*NAMESPACE, *arguments], check=False, capture_output=True, text=True, cwd=ROOT, timeout=200)
    if child.returncode and child.stderr.startswith("unshare"):
        child = subprocess.run(arguments, check=False, capture_output=True, text=True, cwd=ROOT, timeout=200)
    assert child.returncode == 0, child.stderr[-3000:]
    return json.loads(child.stdout.splitlines()[-1])


def test_no_space_at_any_step_is_a_coded_error_and_a_rerun_completes(tmp_path: Path, done: Any) -> None:
    """The steps follow each other in one home: each rerun gets past the one before."""
    *rows, last = squeezed(make_place(tmp_path / "place").folder)
    assert len(rows) == len(small_disk.STEPS) + 1
    for row in rows:
        assert row["code"] in expected_codes(row["step"]), row
        assert row["unchanged"], row
        assert row["problems"] == [], row
        assert row["temporary"] == [], row
    assert last["hashes"] == done.hashes
    assert last["fsck"] == []


def test_a_broken_log_of_dagster_is_a_coded_error_and_costs_no_result(copied: Place, done: Any) -> None:
    """Dagster's own files are a view: without them everything goes on."""
    for path in copied.house().home.dagster.rglob("*.db"):
        path.write_bytes(b"no database" * 1_000)
    before = copied.house().ledger.entries("stage")
    with pytest.raises(CwsError) as refusal:
        copied.run()
    assert refusal.value.code == "CWS-JOB-001"
    assert str(copied.house().home.dagster) in refusal.value.where
    assert copied.house().ledger.entries("stage") == before
    shutil.rmtree(copied.house().home.dagster)
    assert copied.run().succeeded
