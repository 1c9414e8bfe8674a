"""Small made-up markets of every vendor, and a strategy's way over one."""

import functools

import numpy as np
import pandas as pd
from places import STRATEGIES
from way import no_trials, opened, through

from cws.market.recipe import dataset_of
from cws.market.spec import Alpha, World
from cws.market.worlds import make_world
from cws.stages import Unit
from cws.strategies import Strategy, parse
from modules.runner import Value
from modules.values import Table

SMALL = {
    "csv_ohlcv": World(name="csv_small", bars=420, symbols=5),
    "wide_panel": World(name="wide_small", vendor="wide_panel", bars=420, symbols=5),
    "epoch_bars": World(
        name="epoch_small", vendor="epoch_bars", calendar="24/7", bar_seconds=900, bars=1_500, symbols=1
    ),
    "epoch_bars_xnys": World(name="epoch_xnys", vendor="epoch_bars", bar_seconds=900, bars=1_500, symbols=1),
    "csv_never_closes": World(name="csv_always", calendar="24/7", bars=420, symbols=3),
}
REVERSAL = Alpha(pattern="reversal", ic=0.05, horizon_bars=5)


def free_of_costs(name: str, cost: str) -> Strategy:
    """A strategy of the house as it is, but for its costs."""
    text = (STRATEGIES / f"{name}.toml").read_text()
    assert f"cost_bps = {cost}" in text
    return parse(Strategy, text.replace(f"cost_bps = {cost}", "cost_bps = 0.0"), name)


@functools.cache
def weekly_reversal() -> Strategy:
    return free_of_costs("xs_reversal", "5.0")


def backtested(world: World, seed: int, strategy: Strategy) -> dict[str, Value]:
    """The tables after the real feature, sizing and backtest modules on the world's clean bars."""
    tables: dict[str, Value] = {**make_world(world, seed), "prior_trials": no_trials()}
    for stage in ("feature", "backtest"):
        tables = through(Unit(stage, dataset_of(world), strategy), tables)
    return opened(tables)


def frame_of(tables: dict[str, Value], name: str) -> pd.DataFrame:
    table = tables[name]
    assert isinstance(table, Table)
    return table.frame


def annual_ir(tables: dict[str, Value], bars_per_year: float = 252.0) -> float:
    equity = frame_of(tables, "equity")["equity_usd"].to_numpy()
    returns = equity[1:] / equity[:-1] - 1.0
    return float(np.mean(returns) / np.std(returns) * np.sqrt(bars_per_year))
