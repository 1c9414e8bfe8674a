"""Moments of panels whose moments are known."""

import math

import numpy as np
import pandas as pd
import pytest

from cws.market.moments import autocorrelation, max_drawdown, mean_correlation, moments
from kernels.ordered import F64

RNG = np.random.default_rng(3)


def panel(returns: F64, gap_share: float = 0.5) -> pd.DataFrame:
    """BARS-like columns with those close-to-close returns, of which a share of the logs comes as a gap."""
    frames = []
    for column in range(returns.shape[1]):
        logs = np.log1p(returns[:, column])
        close = 100.0 * np.exp(np.cumsum(logs))
        open_ = close * np.exp(-logs * (1.0 - gap_share))
        frame = pd.DataFrame({"ts_event": np.arange(len(logs)), "symbol": f"S{column}", "open": open_, "close": close})
        frames.append(frame.assign(volume=np.exp(np.arange(len(logs)) % 2 + 1.0)))
    return pd.concat(frames, ignore_index=True)


def test_normal_returns_have_the_moments_of_the_normal_law() -> None:
    common = RNG.normal(0.0, 0.01, (40_000, 1))
    found = moments(panel(common + RNG.normal(0.0, 0.01, (40_000, 3)), gap_share=0.25), 252.0)
    assert found["annual_vol"] == pytest.approx(0.01 * math.sqrt(2.0 * 252.0), rel=0.02)
    assert found["skew"] == pytest.approx(0.0, abs=0.08) and found["kurtosis"] == pytest.approx(0.0, abs=0.15)
    assert found["pair_correlation"] == pytest.approx(0.5, abs=0.02)
    assert found["abs_autocorrelation_1"] == pytest.approx(0.0, abs=0.02)
    # A quarter of each log return: 1/16 of the variance against 9/16.
    assert found["overnight_share"] == pytest.approx(0.1, abs=0.01)
    assert found["volume_autocorrelation"] == pytest.approx(-1.0, abs=0.001)


def test_what_a_source_does_not_carry_is_missing() -> None:
    bars = panel(RNG.normal(0.0, 0.01, (100, 1))).assign(open=np.nan, volume=np.nan)
    found = moments(bars, 252.0)
    missing = {name for name, value in found.items() if math.isnan(value)}
    assert missing == {"pair_correlation", "overnight_share", "volume_autocorrelation"}


def test_clusters_show_in_absolute_returns() -> None:
    series = np.repeat([1.0, 3.0], 50)
    assert autocorrelation(np.tile(series, 20), 1) == pytest.approx(0.98 - 0.02, abs=0.01)
    assert math.isnan(autocorrelation(np.ones(30), 1))


def test_drawdown_is_from_the_high_before_it() -> None:
    assert max_drawdown(np.array([2.0, 4.0, 1.0, 8.0, 6.0])) == pytest.approx(0.75)


def test_pairs_are_compared_where_both_are_known() -> None:
    first = RNG.normal(size=400)
    second = np.where(np.arange(400) < 200, np.nan, first)
    assert mean_correlation(np.column_stack([first, second])) == pytest.approx(1.0)
