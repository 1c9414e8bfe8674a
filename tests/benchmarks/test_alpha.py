"""The alpha benchmark agrees with its peer where the peer is exact, and says what the issue asks it to say."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.alpha import WHAT, panel, report
from benchmarks.alpha_peer import evaluated, evaluated_set
from kernels.alpha.parse import parse

FIELDS = {"name", "ours_ns", "peer", "peer_ns", "ratio", "max_rel_diff", "bit_equal_reference", "limit", "of_limit"}
MORE = {"ours_peak_mb", "peer_peak_mb", "peer_suspect"}


@pytest.fixture(scope="module")
def small() -> dict:
    return report(bars=320, symbols=40, names=("alpha_004", "alpha_012", "alpha_066", "alpha_058", "alpha_101"))


def test_every_field_is_said(small: dict) -> None:
    assert set(small) >= FIELDS | MORE
    assert small["bit_equal_reference"] is True
    assert set(small) >= set(small["what"]) == set(WHAT), "each ratio says what it compares"
    assert small["ratio"] == pytest.approx(small["peer_ns"] / small["ours_ns"], abs=0.06)
    assert small["ratio_shared_peer"] == pytest.approx(small["shared_peer_ns"] / small["ours_ns"], abs=0.06)


def test_pandas_gives_the_same_values(small: dict) -> None:
    assert small["max_rel_diff"] < 1e-9 and small["peer_suspect"] == []
    assert all(row["finite_in_both"] > 0.3 for row in small["rows"])


def test_the_peer_that_shares_gives_what_it_gives_alone() -> None:
    frames = {name: pd.DataFrame(values) for name, values in panel(40, 5).items()}
    written = ("cs_pct(tmean(close, 5)) - open", "tmean(close, 5) * 2", "cs_pct(tmean(close, 5)) - open", "close")
    formulas = [parse(formula) for formula in written]
    for formula, values in zip(formulas, evaluated_set(formulas, frames), strict=True):
        np.testing.assert_array_equal(values.to_numpy(), evaluated(formula, frames).to_numpy())
