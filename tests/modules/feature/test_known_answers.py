"""Closed forms and hand-counted examples of the time-series features."""

import numpy as np
import pandas as pd
import pytest

from modules.errors import CwsError
from modules.examples import keyed_example
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import BARS
from modules.values import make_table

DAY_NS = 86_400_000_000_000


def bars(**closes: list[float]) -> pd.DataFrame:
    """BARS of daily closes by symbol; every other price is the close."""
    frames = []
    for symbol, close in sorted(closes.items()):
        stamps = DAY_NS * np.arange(1, len(close) + 1, dtype=np.int64)
        prices = {name: np.array(close, dtype=np.float64) for name in ("open", "high", "low", "close", "adj_close")}
        frames.append(
            pd.DataFrame({"ts_event": stamps, "ts_avail": stamps, "symbol": symbol, **prices, "volume": 1.0,
                          "age_bars": 0, "source": "test", "row": np.arange(1, len(close) + 1)})
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True).astype({"symbol": "str", "source": "str"})


def values(name: str, frame: pd.DataFrame, **settings: object) -> np.ndarray:
    schema = next(iter(load(name).takes.values()))
    outcome = run(bind(load(name), settings), {schema.name: make_table(frame, schema, "test")})
    assert outcome.failure is None, outcome.trace.error
    assert outcome.trace.failed_checks == []
    return next(iter(outcome.outputs.values())).frame["value"].to_numpy()


def returns_of(*series: float, symbol: str = "AAA.XNYS") -> pd.DataFrame:
    stamps = DAY_NS * np.arange(1, len(series) + 1, dtype=np.int64)
    keys = pd.DataFrame({"ts_event": stamps, "ts_avail": stamps, "symbol": symbol}).astype({"symbol": "str"})
    return keys.assign(value=np.array(series, dtype=np.float64))


def test_returns_of_each_symbol_start_anew_and_skip_no_hole() -> None:
    found = values("returns", bars(A=[100.0, 110.0, np.nan, 99.0, 49.5], B=[1.0, 3.0]))
    np.testing.assert_allclose(found, [np.nan, 0.1, np.nan, np.nan, -0.5, np.nan, 2.0], rtol=1e-15)


def test_momentum_is_the_return_of_the_skipped_window() -> None:
    close = 1.01 ** np.arange(300.0)
    found = values("momentum_12_1", bars(A=list(close)), lookback_bars=252, skip_bars=21)
    assert np.isnan(found[:252]).all()
    np.testing.assert_allclose(found[252:], 1.01**231 - 1.0, rtol=1e-12)


def test_momentum_ends_before_the_skipped_bars() -> None:
    close = np.full(300, 100.0)
    close[279:] = 150.0
    found = values("momentum_12_1", bars(A=list(close)), lookback_bars=252, skip_bars=21)
    assert found[298] == 0.0, "a jump within the last 21 bars may not count"
    values_later = values("momentum_12_1", bars(A=[*close, 150.0]), lookback_bars=252, skip_bars=21)
    assert values_later[299] == 0.0 and values_later[300] == 0.5


def test_ewma_vol_is_the_weighted_sum_of_squares() -> None:
    series = np.random.default_rng(3).normal(0.0, 0.01, 60)
    found = values("ewma_vol", returns_of(np.nan, *series), decay=0.94)
    weights = 0.06 * 0.94 ** np.arange(59, -1, -1)
    weights[0] = 0.94**59
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(abs(series[0]), rel=1e-14)
    assert found[-1] == pytest.approx(np.sqrt((weights * series**2).sum()), rel=1e-12)


def test_ewma_vol_repeats_over_a_missing_return() -> None:
    found = values("ewma_vol", returns_of(0.01, np.nan, 0.03), decay=0.5)
    np.testing.assert_allclose(found, [0.01, 0.01, np.sqrt(0.5 * 0.01**2 + 0.5 * 0.03**2)], rtol=1e-14)


def test_realized_vol_is_the_root_of_the_mean_square() -> None:
    found = values("realized_vol", returns_of(3.0, 4.0, 0.0, np.nan, 1.0, 1.0), window_bars=2)
    np.testing.assert_allclose(found, [np.nan, np.sqrt(12.5), np.sqrt(8.0), np.nan, np.nan, 1.0], rtol=1e-15)


@pytest.mark.parametrize("name", ["ewma_vol", "realized_vol"])
def test_another_venues_bars_leave_no_hole_in_a_window(name: str) -> None:
    alone = keyed_example(np.random.default_rng(5), scale=0.02)
    shifted = alone.assign(ts_event=alone["ts_event"] + DAY_NS // 24, ts_avail=alone["ts_avail"] + DAY_NS // 24)
    other = shifted[shifted["symbol"] == "AAA.XNYS"].assign(symbol="0700.XHKG").astype({"symbol": "str"})
    together = pd.concat([other, alone], ignore_index=True)
    np.testing.assert_array_equal(values(name, together)[len(other) :], values(name, alone))


def test_ma_cross_is_the_fast_mean_over_the_slow_mean() -> None:
    found = values("ma_cross", bars(A=[1.0, 2.0, 3.0, 6.0, np.nan, 1.0]), fast_bars=2, slow_bars=3)
    np.testing.assert_allclose(found, [np.nan, np.nan, 2.5 / 2.0 - 1.0, 4.5 / (11.0 / 3.0) - 1.0, np.nan, np.nan])


def test_ma_cross_refuses_a_fast_mean_that_is_not_faster() -> None:
    frame = bars(A=[1.0, 2.0])
    outcome = run(bind(load("ma_cross"), {"fast_bars": 20, "slow_bars": 20}), {"bars": make_table(frame, BARS, "test")})
    assert isinstance(outcome.failure, CwsError) and outcome.failure.code == "CWS-FEATURE-001"


def signal_at_one_stamp(*series: float) -> pd.DataFrame:
    symbols = [f"S{number:02d}.XNYS" for number in range(len(series))]
    return pd.concat(
        [returns_of(value, symbol=symbol) for symbol, value in zip(symbols, series, strict=True)], ignore_index=True
    )


def test_cs_rank_averages_ties_over_known_values() -> None:
    found = values("cs_rank", signal_at_one_stamp(5.0, np.nan, -1.0, 5.0, 9.0, 0.0))
    np.testing.assert_allclose(found, [0.25, np.nan, -1.0, 0.25, 1.0, -0.5], atol=1e-15)
    np.testing.assert_array_equal(values("cs_rank", signal_at_one_stamp(np.nan, 7.0)), [np.nan, 0.0])


def test_cs_zscore_is_the_z_of_known_values() -> None:
    found = values("cs_zscore", signal_at_one_stamp(1.0, np.nan, 2.0, 3.0))
    np.testing.assert_allclose(found, [-1.0, np.nan, 0.0, 1.0], atol=1e-15)


def test_equal_values_score_zero() -> None:
    np.testing.assert_array_equal(
        values("cs_zscore", signal_at_one_stamp(0.1, 0.1, np.nan, 0.1)), [0.0, 0.0, np.nan, 0.0]
    )
    np.testing.assert_array_equal(values("cs_zscore", signal_at_one_stamp(3.0)), [0.0])
