"""Planted signals have the coefficients that they were planted with."""

import numpy as np
import pandas as pd
import pytest

from modules.examples import bars_example
from modules.registry import load
from modules.runner import run
from modules.settings import bind
from modules.tables import BARS, SIGNAL
from modules.unsealing import unseal
from modules.values import make_table


def said(signal_of, seed: int = 3) -> dict[str, float]:
    bars = bars_example(np.random.default_rng(seed))
    signal = bars[["ts_event", "ts_avail", "symbol"]].assign(value=signal_of(bars).astype(float))
    tables = {"bars": make_table(bars, BARS, "test"), "signal": make_table(signal, SIGNAL, "test")}
    outcome = run(bind(load("ic_decay"), {}), tables)
    assert outcome.failure is None and outcome.trace.failed_checks == [], outcome.trace
    frame = unseal(outcome.outputs["stats"]).frame
    return dict(zip(frame["name"], frame["value"], strict=True))


def next_return(bars: pd.DataFrame, horizon: int) -> pd.Series:
    close = bars.groupby("symbol")["close"]
    return close.shift(-horizon) / bars["close"] - 1.0


@pytest.mark.parametrize("horizon", [1, 5, 20])
def test_a_signal_that_knows_the_future_has_coefficient_one(horizon: int) -> None:
    found = said(lambda bars: next_return(bars, horizon))
    assert found[f"ic_{horizon:03d}"] == pytest.approx(1.0, abs=1e-12)
    assert found[f"pooled_ic_{horizon:03d}"] == pytest.approx(1.0, abs=1e-12)
    assert np.isnan(found[f"t_{horizon:03d}"]), "a coefficient without dispersion has no t"
    assert said(lambda bars: -next_return(bars, horizon))[f"ic_{horizon:03d}"] == pytest.approx(-1.0, abs=1e-12)


def test_the_lag_is_where_it_was_planted() -> None:
    found = said(lambda bars: next_return(bars, 1).groupby(bars["symbol"]).shift(-4))
    assert found["lag_ic_005"] == pytest.approx(1.0, abs=1e-12)
    assert all(abs(found[f"lag_ic_{h:03d}"]) < 0.2 for h in (1, 2, 3, 10, 20))


def test_rank_correlation_and_turnover_as_scipy_and_by_hand() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(1)
    drawn = pd.Series(rng.normal(size=5_000))
    found = said(lambda bars: drawn[: len(bars)])
    bars = bars_example(np.random.default_rng(3))
    wide = bars.assign(x=drawn[: len(bars)].to_numpy(), r=next_return(bars, 5)).dropna(subset=["r"])
    each = [spearmanr(day["x"], day["r"]).statistic for _, day in wide.groupby("ts_event") if len(day) >= 3]
    assert found["ic_005"] == pytest.approx(np.mean(each), abs=1e-12)
    assert said(lambda bars: pd.Series(np.ones(len(bars))))["turnover"] == 0.0
    flips = said(lambda bars: bars.groupby("symbol").cumcount() % 2 * 2.0 - 1.0)
    assert flips["turnover"] == pytest.approx(2.0)
    assert np.isnan(said(lambda bars: pd.Series(np.ones(len(bars))))["ic_001"])
