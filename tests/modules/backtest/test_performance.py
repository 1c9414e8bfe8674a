"""Performance against empyrical and scipy, a hand example, and accounts of which little can be said."""

import empyrical
import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from modules.errors import CwsError
from modules.registry import load
from modules.runner import ModuleRun, run
from modules.sealed import Sealed
from modules.settings import bind
from modules.tables import EQUITY
from modules.unsealing import unseal
from modules.values import make_table


def account(equity: list[float] | np.ndarray, turnover_usd: float = 0.0) -> pd.DataFrame:
    value = np.asarray(equity, dtype=np.float64)
    paid = {"cost_usd": np.full(len(value), turnover_usd / 1e3), "turnover_usd": np.full(len(value), turnover_usd)}
    stamps = np.arange(1, len(value) + 1, dtype=np.int64)
    return pd.DataFrame({"ts_event": stamps, "equity_usd": value, "cash_usd": value, **paid})


def measure(equity: pd.DataFrame, bars_per_year: float = 252.0) -> ModuleRun:
    bound = bind(load("performance"), {"bars_per_year": bars_per_year})
    return run(bound, {"equity": make_table(equity, EQUITY, "test")})


def figures(equity: pd.DataFrame, bars_per_year: float = 252.0) -> pd.DataFrame:
    outcome = measure(equity, bars_per_year)
    assert (outcome.trace.error, outcome.trace.failed_checks) == ("", [])
    sealed = outcome.outputs["stats"]
    assert isinstance(sealed, Sealed)
    return unseal(sealed).frame.set_index("name")


@pytest.mark.parametrize("bars_per_year", [252.0, 12.0, 35_040.0])
@pytest.mark.parametrize("seed", range(6))
def test_equals_empyrical_and_scipy(seed: int, bars_per_year: float) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.choice([2, 3, 50, 1_000]))
    equity = 1e6 * np.cumprod(1.0 + rng.standard_t(4, count) * 0.008 + rng.uniform(-0.001, 0.001))
    got = figures(account(equity), bars_per_year)["value"]
    returns = pd.Series(equity).pct_change().dropna()
    expected = {
        "sharpe": empyrical.sharpe_ratio(returns, annualization=bars_per_year),
        "sortino": empyrical.sortino_ratio(returns, annualization=bars_per_year),
        "annual_vol": empyrical.annual_volatility(returns, annualization=bars_per_year),
        "max_drawdown": empyrical.max_drawdown(returns),
        "cagr": empyrical.annual_return(returns, annualization=bars_per_year),
        "calmar": empyrical.calmar_ratio(returns, annualization=bars_per_year),
        "total_return": empyrical.cum_returns_final(returns),
        "skew": scipy_stats.skew(returns) if count > 2 else np.nan,
        "kurtosis": scipy_stats.kurtosis(returns, fisher=False) if count > 2 else np.nan,
    }
    for name, value in expected.items():
        if name == "sortino" and not (returns < 0.0).any():
            value = np.nan
        assert got[name] == pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True), name


def test_four_bars_by_hand() -> None:
    # Returns + 10 %, - 10 %, + 20 % on 100 -> 110 -> 99 -> 118.8; a year is three bars.
    got = figures(account([100.0, 110.0, 99.0, 118.8], turnover_usd=33.0), bars_per_year=3.0)["value"]
    assert got["bars"] == 4.0 and got["return_count"] == 3.0
    assert got["total_return"] == pytest.approx(0.188, rel=1e-12)
    assert got["cagr"] == pytest.approx(0.188, rel=1e-12)
    assert got["max_drawdown"] == pytest.approx(-0.1, rel=1e-12)
    assert got["calmar"] == pytest.approx(1.88, rel=1e-12)
    # Mean 1/15, squared gaps 1/900 + 25/900 + 16/900 = 42/900, so the deviation is sqrt(21/900).
    assert got["sharpe_per_bar"] == pytest.approx((1.0 / 15.0) / (21.0 / 900.0) ** 0.5, rel=1e-12)
    assert got["sharpe"] == pytest.approx((1.0 / 15.0) / (21.0 / 900.0) ** 0.5 * 3.0**0.5, rel=1e-12)
    # One loss of a tenth in three bars: downside sqrt(0.01 / 3) per bar.
    assert got["sortino"] == pytest.approx((1.0 / 15.0) / (0.01 / 3.0) ** 0.5 * 3.0**0.5, rel=1e-12)
    assert got["annual_turnover"] == pytest.approx(33.0 / 100.0 + 33.0 / 110.0 + 33.0 / 99.0, rel=1e-12)
    assert got["annual_cost"] == pytest.approx(got["annual_turnover"] / 1e3, rel=1e-12)


@pytest.mark.parametrize("bars", [0, 1])
def test_nothing_can_be_said_below_two_bars(bars: int) -> None:
    got = figures(account([1_000.0] * bars))
    missing = got.drop(index=["bars", "return_count"])
    assert missing["value"].isna().all() and missing["why"].str.contains("needs t").all()
    assert got.loc["bars", "value"] == bars and got.loc["return_count", "value"] == 0.0


def test_one_return_has_growth_and_no_risk() -> None:
    got = figures(account([1_000.0, 900.0]))
    assert got.loc["total_return", "value"] == pytest.approx(-0.1, rel=1e-12)
    assert got.loc[["annual_vol", "sharpe", "sortino", "skew"], "why"].eq("needs three bars of equity").all()


@pytest.mark.parametrize("growth", [1.0, 1.01])
def test_an_account_without_dispersion_has_no_ratios(growth: float) -> None:
    # Compounding 1 % leaves rounding of 1e-16 in the returns: a Sharpe ratio of 1e14 must not come of it.
    got = figures(account(1_000.0 * growth ** np.arange(50)))
    ratios = got.loc[["sharpe", "sharpe_per_bar", "skew", "kurtosis"]]
    assert ratios["value"].isna().all() and ratios["why"].eq("no dispersion").all()
    assert got.loc["calmar", "why"] == "no drawdown" and got.loc["sortino", "why"] == "no losing bar"
    assert got.loc["annual_vol", "value"] == pytest.approx(0.0, abs=1e-12)


def test_growth_beyond_a_float_says_so() -> None:
    got = figures(account([1.0, 1e10]), bars_per_year=252.0)
    assert np.isnan(got.loc["cagr", "value"]) and got.loc["cagr", "why"] == "beyond the range of a float"


@pytest.mark.parametrize("equity", [0.0, -5.0, float("inf")])
def test_refuses_an_account_without_equity(equity: float) -> None:
    failure = measure(account([1_000.0, equity, 1_000.0])).failure
    assert isinstance(failure, CwsError) and failure.code == "CWS-BACKTEST-004" and "(bar 1)" in failure.where
