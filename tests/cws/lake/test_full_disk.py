import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import full_disk
import pytest

ROOT = Path(__file__).parents[3]
# Root without the right to mount falls back to the size limit inside the child.
NAMESPACE = ["unshare", "-m"] if os.geteuid() == 0 and shutil.which("unshare") else []


def run_child(prefix: list[str], folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, full_disk.__file__, str(folder), *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)


@pytest.mark.parametrize("options", [["--mount"], []], ids=["tmpfs", "limit"])
def test_no_space_is_a_coded_error_and_nothing_is_lost_or_half_written(tmp_path: Path, options: list[str]) -> None:
    child = run_child(NAMESPACE if options else [], tmp_path, *options)
    if child.returncode and options and "unshare" in child.stderr:
        child = run_child([], tmp_path)
    assert child.returncode == 0, child.stderr
    rows = json.loads(child.stdout)["rows"]
    outcomes = [row["outcome"] for row in rows]
    assert set(outcomes) <= {"CWS-LAKE-015", "CWS-LEDGER-009", "committed"}
    assert outcomes[0] == "CWS-LAKE-015"
    for row in rows:
        assert row["readable"], row
        assert row["unchanged"] == (row["outcome"] != "committed"), row
        assert row["temporary"] == [], row
        assert row["problems"] == [], row
        assert row["after"] == "committed", row
        assert row["sound"], row
