"""A world's tables as clean modules would leave them. What was planted is not in here: see `cws.market.truth`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cws.instruments import instruments_table
from cws.market.clock import Clock
from cws.market.paths import Paths, paths_of, symbols_of
from cws.market.recipe import dataset_of
from cws.market.spec import World
from kernels.market import Mask, PriceBars
from kernels.ordered import F64, exp
from modules.tables import BARS, SESSIONS
from modules.values import Table, make_table

TELL = 0.5  # how much log volume a leaky symbol adds or takes, by the sign of the next bar's return


@dataclass(frozen=True)
class Seen:
    """What anybody may see of a world, (T, S) each, with its leaks."""

    prices: PriceBars
    volume: F64
    present: Mask


def symbol_names(world: World) -> list[str]:
    """SYMBOL.MIC of each column; a market that never closes has no MIC of its own."""
    mic = "XNYS" if world.calendar == "XNYS" else "XXXX"
    return [f"W{column:03d}.{mic}" for column in range(world.symbols)]


def seen_of(world: World, paths: Paths) -> Seen:
    """The first T of T + 1 bars, after the leak."""
    prices, volume = [matrix.copy() for matrix in paths.prices], paths.volume.copy()
    leak = world.leak
    columns = slice(0, 0 if leak is None else leak.symbols)
    if leak is not None and leak.kind == "early_bar":
        for matrix in (*prices, volume):
            matrix[:-1, columns] = matrix[1:, columns]
    elif leak is not None:
        close = prices[3][:, columns]
        ahead = np.sign(close[1:] - close[:-1])
        volume[:-1, columns] = np.maximum(np.floor(volume[:-1, columns] * exp(TELL * ahead)), 1.0)
    bars = world.bars
    return Seen(PriceBars(*[matrix[:bars] for matrix in prices]), volume[:bars], paths.present[:bars])


def long_bars(world: World, clock: Clock, seen: Seen) -> pd.DataFrame:
    """BARS, a row for each bar that is present; `row` is its record in the vendor's file without flaws."""
    column, bar = np.nonzero(seen.present.T)
    by_name = dict(zip(("open", "high", "low", "close"), seen.prices, strict=True))
    values = {name: matrix[bar, column] for name, matrix in {**by_name, "adj_close": seen.prices.close}.items()}
    values["volume"] = seen.volume[bar, column]
    wide = world.vendor == "wide_panel"
    if wide:
        hole = np.full(len(bar), np.nan)
        values = {name: value if name == "close" else hole for name, value in values.items()}
    names = pd.Series(symbol_names(world), dtype="str")
    return pd.DataFrame(
        {
            "ts_event": clock.ts_event[bar],
            "ts_avail": clock.ts_avail[bar],
            "symbol": names.take(column).reset_index(drop=True),
            **values,
            "age_bars": np.zeros(len(bar), dtype=np.int64),
            "source": pd.Series([world.name], dtype="str").repeat(len(bar)).reset_index(drop=True),
            "row": bar + 1 if wide else np.arange(1, len(bar) + 1, dtype=np.int64),
        }
    )


def make_world(world: World, seed: int) -> Mapping[str, Table]:
    """`bars`, `sessions` and `instruments`, validated and hashed: the same bytes for the same world and seed.

    Raises CWS-MARKET-002 when the calendar ends before the world does.
    """
    paths = paths_of(world, seed)
    bars = make_table(long_bars(world, paths.clock, seen_of(world, paths)), BARS, world.name)
    sessions = make_table(paths.clock.sessions, SESSIONS, world.name)
    return {"bars": bars, "sessions": sessions, "instruments": instruments_table(dataset_of(world), bars.frame)}


def trading_terms(world: World, seed: int) -> pd.DataFrame:
    """What trading costs: symbol, adv_usd (value traded in a session), half_spread_bps. Public, unlike the truth."""
    symbols = symbols_of(world, seed)
    names = pd.Series(symbol_names(world), dtype="str")
    return pd.DataFrame({"symbol": names, "adv_usd": symbols.adv_usd, "half_spread_bps": symbols.half_spread_bps})
