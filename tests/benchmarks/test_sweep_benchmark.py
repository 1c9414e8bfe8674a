"""The sweep's benchmark measures what it says: both sides give the same figures, and the report is whole."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.peak import peak_rise_mb
from benchmarks.sweep import closes, max_rel_diff, ours, window_pairs

ROOT = Path(__file__).resolve().parents[2]
FIELDS = {
    "name", "ours_ns", "peer", "peer_ns", "ratio", "max_rel_diff", "bit_equal_reference", "ours_peak_mb",
    "peer_peak_mb", "limit", "of_limit", "peer_suspect", "scaling", "alpha_rule_ns",
}  # fmt: skip


def test_a_small_report_is_whole() -> None:
    command = [sys.executable, "-m", "benchmarks.sweep", "--json", "--sets", "40", "--bars", "300", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) >= FIELDS
    assert found["max_rel_diff"] <= 1e-9
    assert found["bit_equal_reference"] is True
    # Three sizes of each, what is compared measured in one run.
    assert {(row["sets"], row["bars"]) for row in found["scaling"]} == {
        (10, 300), (20, 300), (40, 300), (40, 75), (40, 150),
    }  # fmt: skip
    assert all(row["ns"] > 0.0 for row in found["scaling"]) and found["limit_ns"] > 0.0


def test_pairs_are_distinct_crosses() -> None:
    pairs = window_pairs(500)
    assert pairs.shape == (2, 500)
    assert (pairs[0] < pairs[1]).all()
    assert len({tuple(pair) for pair in pairs.T}) == 500


def test_one_order_more_is_seen() -> None:
    mine = ours(closes(300), window_pairs(10))
    other = mine.copy()
    other[3, 2] += 1.0
    assert max_rel_diff(mine, mine) == 0.0
    assert max_rel_diff(mine, other) > 1e-3


def test_the_peak_is_what_a_call_takes() -> None:
    assert 60.0 < peak_rise_mb(lambda: np.ones(8 * 1024 * 1024)) < 70.0
