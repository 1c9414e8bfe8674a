"""The three real backtests against others' code: the account against vectorbt, its statistics against empyrical."""

import importlib.util
from pathlib import Path
from types import ModuleType

import empyrical
import numpy as np
import pandas as pd
import pytest
from places import STRATEGIES

from cws.home import Settings
from cws.house import House, open_house
from cws.pins import published
from cws.strategies import catalogue
from modules.panel import grid
from modules.registry import load

ORACLE = Path(__file__).resolve().parent.parent / "modules" / "backtest" / "vectorbt_oracle.py"
NAMES = sorted(path.stem for path in STRATEGIES.glob("*.toml"))


def oracle() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vectorbt_oracle", ORACLE)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def house(real_run) -> House:
    return open_house(Settings(home=real_run.home))


def chosen(name: str, setting: str) -> float | str:
    """A setting of the backtest as its strategy's TOML and the module's own give it."""
    strategy = catalogue(STRATEGIES).strategy(name)
    found = {**load("vector_panel").manifest.settings, **load("performance").manifest.settings, **strategy.settings}
    return found[setting]


@pytest.mark.parametrize("name", NAMES)
def test_the_account_is_vectorbts(house: House, name: str) -> None:
    pins, dataset = published(house), catalogue(STRATEGIES).strategy(name).dataset
    weights, bars = house.lake.read(pins["weights", name]), house.lake.read(pins["ohlcv", dataset])
    place = grid(bars)
    close, fill = place.spread(bars["close"]), place.spread(bars[str(chosen(name, "fill_on"))])
    cash, cost_bps = float(chosen(name, "initial_cash_usd")), float(chosen(name, "cost_bps"))
    theirs, held = oracle().vectorbt_equity(place.spread(weights["weight"]), close, fill, cash, cost_bps)
    ours, mine = house.lake.read(pins["equity", name]), house.lake.read(pins["holdings", name])
    # vectorbt cannot borrow: where cash stayed positive no fill of its was cut, so the whole path must agree.
    assert ours["cash_usd"].min() > 0.0
    assert ours["equity_usd"].to_numpy() == pytest.approx(theirs, rel=1e-9)
    assert mine["quantity"].to_numpy() == pytest.approx(place.gather(held), rel=1e-9, abs=1e-9 * np.abs(held).max())
    assert (np.diff(theirs) != 0.0).sum() > 0.5 * len(theirs), "an account that never moves proves nothing"


@pytest.mark.parametrize("name", NAMES)
def test_the_statistics_are_empyricals(house: House, name: str) -> None:
    pins = published(house)
    got = house.lake.read(pins["stats", name]).set_index("name")["value"]
    returns: pd.Series = house.lake.read(pins["equity", name])["equity_usd"].pct_change().dropna()
    year = float(chosen(name, "bars_per_year"))
    expected = {
        "sharpe": empyrical.sharpe_ratio(returns, annualization=year),
        "sortino": empyrical.sortino_ratio(returns, annualization=year),
        "annual_vol": empyrical.annual_volatility(returns, annualization=year),
        "max_drawdown": empyrical.max_drawdown(returns),
        "cagr": empyrical.annual_return(returns, annualization=year),
        "calmar": empyrical.calmar_ratio(returns, annualization=year),
        "total_return": empyrical.cum_returns_final(returns),
    }
    assert {key: got[key] for key in expected} == {
        key: pytest.approx(value, rel=1e-12, abs=1e-12) for key, value in expected.items()
    }
