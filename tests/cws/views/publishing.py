"""A home with a published backtest, made without running one: the tables are committed, the ledger knows them."""

from pathlib import Path

import numpy as np
import pandas as pd

from cws.environment import environment
from cws.home import Settings
from cws.house import House, open_house
from cws.ledger.entry import Entry
from cws.publish import Report
from cws.stages import Unit
from cws.strategies import catalogue

DAY_NS = 86_400_000_000_000
START_NS = 1_577_998_800_000_000_000  # 2020-01-02 21:00 UTC
CLOCK_NS = 1_700_000_000_000_000_000
STRATEGIES = Path(__file__).resolve().parents[3] / "strategies"


def make_house(folder: Path) -> House:
    return open_house(Settings(home=folder), clock_ns=lambda: CLOCK_NS)


def backtest_unit(name: str = "xs_reversal") -> Unit:
    found = catalogue(STRATEGIES)
    strategy = found.strategy(name)
    return Unit("backtest", found.dataset_of(strategy), strategy)


def make_equity(bars: int, seed: int = 0, step_ns: int = DAY_NS, start_ns: int = START_NS) -> pd.DataFrame:
    """A random account of `bars` bars that began with a million."""
    growth = 1.0 + np.random.default_rng(seed).normal(0.0004, 0.01, bars)
    growth[:1] = 1.0
    equity = 1e6 * np.cumprod(growth)
    return pd.DataFrame(
        {
            "ts_event": start_ns + step_ns * np.arange(bars, dtype=np.int64),
            "equity_usd": equity,
            "cash_usd": 0.5 * equity,
            "cost_usd": np.zeros(bars),
            "turnover_usd": np.zeros(bars),
        }
    )


def _figures(**values: float) -> pd.DataFrame:
    names = sorted(values)
    column = [values[name] for name in names]
    why = pd.Series(["" if np.isfinite(value) else "not enough" for value in column], dtype="str")
    return pd.DataFrame({"name": pd.Series(names, dtype="str"), "value": np.array(column, dtype="float64"), "why": why})


def publish(house: House, unit: Unit, equity: pd.DataFrame, key: str = "k" * 32, deflated: float = 0.5) -> Report:
    """One more look at the trial `key`, answered with `equity`."""
    looks = sum(entry.body["key"] == key for entry in house.ledger.entries("trial")) + 1
    house.ledger.append(
        "trial", {"key": key, "strategy": unit.name, "looks": looks, "settings": "s", "folds": "all", "code": "c"}
    )
    intervals = {"name": pd.Series(["sharpe"], dtype="str"), "low": [-0.5], "high": [1.5], "level": [0.95]}
    frames = {
        "equity": equity,
        "stats": _figures(sharpe=0.7, max_drawdown=-0.2, cagr=0.05, calmar=float("nan")),
        "deflated": _figures(deflated_sharpe=deflated, trials=2.0, expected_max_sharpe=float("nan")),
        "intervals": pd.DataFrame(intervals),
    }
    with house.home.writing("test"):
        pins = {name: house.lake.commit(name, unit.name, frame) for name, frame in frames.items()}
        entry = _stage_entry(house, pins, key, looks)
    details = {
        "ledger_index": entry.index,
        "key": key,
        "looks": looks,
        "figures": {"sharpe": 0.7, "max_drawdown": None},
    }
    return Report("backtest", unit.name, len(equity), 0, 0, len(equity), pins, details)


def _stage_entry(house: House, pins: dict, key: str, looks: int) -> Entry:
    outputs = {name: vars(pin) for name, pin in pins.items()}
    hashes = {
        "trial_settings": "b3:settings",
        "code": "b3:code",
        "environment": environment(),
        "code_version": "0" * 40,
    }
    inputs = {"bars": {**vars(pins["equity"]), "table": "ohlcv", "part": "us_large_caps"}}
    body = {"stage": "backtest", "key": key, "looks": looks, "inputs": inputs, "outputs": outputs, **hashes}
    return house.ledger.append("stage", body)
