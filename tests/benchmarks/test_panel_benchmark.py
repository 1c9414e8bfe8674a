"""The panel's benchmark measures what it says: both sides give the same account, and the report is whole."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.limits import division_ns
from benchmarks.panel import TERMS, equals_reference, main, market, max_rel_diff, moved, peer
from kernels.cpu.panel import run_panel

FIELDS = {
    "name", "ours_ns", "peer", "peer_ns", "ratio", "max_rel_diff", "bit_equal_reference", "ours_peak_mb",
    "peer_peak_mb", "limit", "of_limit", "peer_suspect", "scaling", "machine", "versions", "ours_reused_ns",
}  # fmt: skip


def test_a_small_report_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "--assets", "20", "--bars", "120", "--rounds", "1"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert set(found) >= FIELDS
    assert found["max_rel_diff"] <= 1e-9 and found["bit_equal_reference"] is True
    assert found["limit_ns"] == max(found["limits_ns"].values()) > 0.0
    assert len({row["assets"] for row in found["scaling"]}) == len({row["bars"] for row in found["scaling"]}) == 3
    assert "round 1 of 1" in err


def test_a_cent_of_a_difference_is_seen() -> None:
    given = market(6, 40)
    theirs = peer(pd.DataFrame(given.close), moved(given.weights), moved(given.close))
    mine = run_panel(given, TERMS)
    assert max_rel_diff(mine, theirs) < 1e-9
    mine.cost_usd[7] += 0.01 * mine.cost_usd[7]
    assert max_rel_diff(mine, theirs) > 1e-3
    assert equals_reference(given)


def test_another_number_of_orders_is_no_comparison() -> None:
    given = market(6, 40)
    theirs = peer(pd.DataFrame(given.close), moved(given.weights), moved(given.close))
    fewer = given._replace(weights=np.where(np.arange(40)[:, None] < 20, given.weights, np.nan))
    with pytest.raises(AssertionError, match="same orders"):
        max_rel_diff(run_panel(fewer, TERMS), theirs)


def test_a_division_takes_time() -> None:
    assert 0.05 < division_ns() < 100.0
