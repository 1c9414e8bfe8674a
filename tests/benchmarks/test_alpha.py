"""The alpha benchmark agrees with its peer where the peer is exact, and says what the issue asks it to say."""

import pytest

from benchmarks.alpha import report

FIELDS = {"name", "ours_ns", "peer", "peer_ns", "ratio", "max_rel_diff", "bit_equal_reference", "limit", "of_limit"}
MORE = {"ours_peak_mb", "peer_peak_mb", "peer_suspect"}


@pytest.fixture(scope="module")
def small() -> dict:
    return report(bars=320, symbols=40, names=("alpha_004", "alpha_012", "alpha_066", "alpha_058", "alpha_101"))


def test_every_field_is_said(small: dict) -> None:
    assert set(small) >= FIELDS | MORE
    assert small["bit_equal_reference"] is True


def test_pandas_gives_the_same_values(small: dict) -> None:
    assert small["max_rel_diff"] < 1e-9 and small["peer_suspect"] == []
    assert all(row["finite_in_both"] > 0.3 for row in small["rows"])
