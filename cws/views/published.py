"""A published backtest, opened for looking at: its account, its figures and what it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cws.house import House
from cws.lake.commits import Pin
from cws.publish import Report
from cws.stages import Unit
from cws.trials import distinct

# 24/7 venues have a session each calendar day; the others about 252 a year.
SESSIONS_PER_YEAR = {"24/7": 365}


@dataclass(frozen=True)
class Backtest:
    """`equity` as in the lake (ts_event in UTC ns, USD); `figures` are finite; `body` is the ledger's `stage` entry."""

    unit: Unit
    ledger_index: int
    key: str
    looks: int
    trials: int
    equity: pd.DataFrame
    equity_hash: str
    figures: Mapping[str, float]
    body: Mapping[str, object]

    @property
    def identity(self) -> tuple[str, str]:
        """What makes a backtest distinct: the question (trial key) and the answer (hash of the equity)."""
        return self.key, self.equity_hash

    @property
    def caveat(self) -> str:
        """What the strategy and its dataset admit, in one line."""
        return " ".join(text for text in (self.unit.recipe.caveat, self.unit.dataset.caveat) if text)

    @property
    def sessions_per_year(self) -> int:
        return SESSIONS_PER_YEAR.get(self.unit.dataset.instruments.calendar, 252)

    @property
    def inputs(self) -> dict[str, Pin]:
        """The pinned inputs by table name."""
        found = self.body["inputs"]
        assert isinstance(found, dict)
        return {name: Pin(**pin) for name, pin in found.items()}


def open_backtest(house: House, unit: Unit, report: Report) -> Backtest:
    """Read a published backtest from lake and ledger, verified. Raises what `Lake.read` and `Ledger.entries` raise."""
    index = report.details["ledger_index"]
    entry = next(entry for entry in house.ledger.entries("stage") if entry.index == index)
    counted = distinct(house.ledger, house.lake, unit.name)
    tables = {
        name: house.lake.read(report.pins[name]) for name in ("stats", "deflated", "intervals") if name in report.pins
    }
    return Backtest(
        unit=unit,
        ledger_index=entry.index,
        key=str(report.details["key"]),
        looks=int(str(report.details["looks"])),
        trials=len(counted),
        equity=house.lake.read(report.pins["equity"]),
        equity_hash=report.pins["equity"].hash,
        figures=_figures(tables),
        body=entry.body,
    )


def _figures(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in ("stats", "deflated"):
        if name in tables:
            found |= dict(zip(tables[name]["name"], tables[name]["value"], strict=True))
    if "intervals" in tables:
        rows = tables["intervals"]
        found |= {f"{name}_low": low for name, low in zip(rows["name"], rows["low"], strict=True)}
        found |= {f"{name}_high": high for name, high in zip(rows["name"], rows["high"], strict=True)}
    return {str(name): float(value) for name, value in found.items() if np.isfinite(value)}


def bar_equity(equity: pd.DataFrame) -> pd.Series:
    """The account after each bar, in USD, by UTC time without a zone."""
    return pd.Series(equity["equity_usd"].to_numpy(), pd.to_datetime(equity["ts_event"].to_numpy()), name="equity_usd")


def daily_equity(equity: pd.DataFrame) -> pd.Series:
    """The account at the end of each UTC day that has a bar, in USD; the index is the days, without a zone."""
    by_bar = bar_equity(equity)
    return by_bar.groupby(pd.DatetimeIndex(by_bar.index).normalize()).last()


def drawdown(equity_usd: pd.Series) -> pd.Series:
    """How far the account is below its highest value so far: 0 to -1."""
    return equity_usd / equity_usd.cummax() - 1.0
