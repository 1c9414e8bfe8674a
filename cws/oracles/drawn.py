"""What programs begin with besides a world's file: drawn by seed, so that no module under judgement made it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cws.market.spec import World
from cws.oracles.made import make_world
from kernels.market import stream
from kernels.ordered import F64
from modules.panel import KEYS, by_symbol
from modules.tables import BARS, EQUITY, FILLS, ORDERS, PRIOR_TRIALS, RETURNS, SIGNAL, TRIAL_RETURNS, WEIGHTS
from modules.values import Table, make_table

# Streams of their own, beside those of `cws.market.paths`.
WILD, HELD, GUESSED, LOOKED, OWNED, BROKEN, HALTED, TRIED = range(101, 109)
SPIKED, SWUNG = 110, 111
# Windows need a past before their clip means anything.
WARM_UP_BARS, EVERY_BARS, GROSS = 120, 5, 0.8
# Impact is priced by a symbol's own past: nothing is decided before it has one.
LISTED_BARS = 30
HALT_EVERY_BARS, LONGEST_HALT_BARS = 25, 10
# Outliers far smaller than a misplaced decimal point, that some scale of the moves before them must be told from.
SPIKED_FROM_BAR, SPIKE_EVERY_BARS = 40, 10
# What swings this slowly keeps its luck within a block, and loses it in one that holds several swings.
SWING_BARS, SWING_SHARE = 40, 0.6
START_USD = 2_000_000.0
# Of the trials that are judged together; a skilled one earns this share of its deviation a bar.
TRIALS, SKILLED, SKILL = 12, 2, 0.3


@dataclass(frozen=True)
class Returns:
    """RETURNS rows; each row's true standard deviation, whether it was made wild, whether its clip is judged."""

    frame: pd.DataFrame
    deviation: F64
    wild: NDArray[np.bool_]
    judged: NDArray[np.bool_]


def drawn_returns(world: World, seed: int) -> Returns:
    """Normal returns, each symbol with a deviation of its own; in a world with spikes, wild ones among them."""
    keys = make_world(world, seed)["bars"].frame[KEYS]
    draws = stream(seed, WILD)
    codes = pd.factorize(keys["symbol"])[0]
    deviation = draws.uniform(0.005, 0.03, world.symbols)[codes]
    judged = by_symbol(keys).cumcount().to_numpy() >= WARM_UP_BARS
    z = np.clip(draws.standard_normal(len(keys)), -4.0, 4.0)
    wild = judged & (draws.random(len(keys)) < 0.01 * (world.flaws.spikes > 0))
    z = np.where(wild, np.sign(z) * draws.uniform(25.0, 60.0, len(keys)), z)
    return Returns(keys.assign(value=z * deviation), deviation, wild, judged)


def returns_table(world: World, seed: int) -> Table:
    return make_table(drawn_returns(world, seed).frame, RETURNS, world.name)


def weights_table(world: World, seed: int) -> Table:
    """Long and short weights, decided every few bars; in a world with spikes some decisions are missing."""
    keys, draws = make_world(world, seed)["bars"].frame[KEYS], stream(seed, HELD)
    stamps = np.unique(keys["ts_event"].to_numpy())
    decides = np.searchsorted(stamps, keys["ts_event"].to_numpy()) % EVERY_BARS == 0
    decides &= draws.random(len(keys)) >= 0.1 * (world.flaws.spikes > 0)
    decides &= by_symbol(keys).cumcount().to_numpy() >= LISTED_BARS
    weight = draws.uniform(-1.0, 1.0, len(keys)) * GROSS / world.symbols
    return make_table(keys.assign(weight=np.where(decides, weight, np.nan)), WEIGHTS, world.name)


def halted_bars(world: World, seed: int) -> Table:
    """The world's bars; in a world with spikes each symbol stops trading for 1, 2, ... LONGEST_HALT_BARS bars."""
    bars = make_world(world, seed)["bars"].frame
    place = by_symbol(bars).cumcount().to_numpy()
    first = stream(seed, HALTED).integers(0, HALT_EVERY_BARS - LONGEST_HALT_BARS, world.symbols)
    turn, within = np.divmod(place - first[pd.factorize(bars["symbol"])[0]], HALT_EVERY_BARS)
    halted = (turn >= 1) & (within < turn) & (turn <= LONGEST_HALT_BARS) & (world.flaws.spikes > 0)
    return make_table(bars[~halted].reset_index(drop=True), BARS, world.name)


def spiked_bars(world: World, seed: int) -> Table:
    """The world's bars; in a world with spikes lone ones are up by half to twice, or down by a half to two thirds."""
    bars, draws = make_world(world, seed)["bars"].frame, stream(seed, SPIKED)
    place = by_symbol(bars).cumcount().to_numpy()
    spiked = (place >= SPIKED_FROM_BAR) & (place % SPIKE_EVERY_BARS == 0) & (draws.random(len(bars)) < 0.5)
    spiked &= world.flaws.spikes > 0
    size = 1.0 + draws.uniform(0.52, 1.0, len(bars))
    factor = np.where(spiked, np.where(draws.random(len(bars)) < 0.5, size, 1.0 / (size + 0.5)), 1.0)
    prices = {name: bars[name] * factor for name in ("open", "high", "low", "close", "adj_close")}
    return make_table(bars.assign(**prices), BARS, world.name)


def signal_table(world: World, seed: int) -> Table:
    keys = make_world(world, seed)["bars"].frame[KEYS]
    return make_table(keys.assign(value=stream(seed, GUESSED).standard_normal(len(keys))), SIGNAL, world.name)


def trials_table(world: World, seed: int) -> Table:
    keys = pd.Series([f"{number:032x}" for number in range(12)], dtype="str")
    sharpes = np.append(stream(seed, LOOKED).normal(0.0, 0.05, 11), np.nan)
    return make_table(pd.DataFrame({"key": keys, "sharpe": sharpes}), PRIOR_TRIALS, world.name)


def tried_table(world: World, seed: int) -> Table:
    """TRIAL_RETURNS of several trials that share a market; in a world with spikes the first few of them have skill."""
    stamps = np.unique(make_world(world, seed)["bars"].frame["ts_event"].to_numpy())
    draws = stream(seed, TRIED)
    noise = 0.6 * draws.standard_normal((len(stamps), 1)) + 0.8 * draws.standard_normal((len(stamps), TRIALS))
    noise[:, : SKILLED * (world.flaws.spikes > 0)] += SKILL
    keys = pd.Series([f"{number:032x}" for number in range(TRIALS)], dtype="str").repeat(len(stamps))
    columns = {"ts_event": np.tile(stamps, TRIALS), "ret": 0.01 * noise.T.ravel()}
    return make_table(pd.DataFrame({"key": keys.reset_index(drop=True), **columns}), TRIAL_RETURNS, world.name)


def equity_table(world: World, seed: int) -> Table:
    """An account that somebody else keeps."""
    stamps = _stamps(world, seed)
    return _account(stamps, stream(seed, OWNED).normal(0.0, 0.01, len(stamps)), world)


def swung_equity(world: World, seed: int) -> Table:
    """An account that nobody trades; in a world with spikes luck comes and goes, as far from zero as without."""
    stamps, draws = _stamps(world, seed), stream(seed, SWUNG)
    share = SWING_SHARE * (world.flaws.spikes > 0)
    swing = np.sin(2.0 * np.pi * (np.arange(len(stamps)) / SWING_BARS + draws.random()))
    noise = np.sqrt(1.0 - share * share) * draws.standard_normal(len(stamps))
    return _account(stamps, 0.01 * (share * np.sqrt(2.0) * swing + noise), world)


def _stamps(world: World, seed: int) -> NDArray[np.int64]:
    return np.unique(make_world(world, seed)["bars"].frame["ts_event"].to_numpy())


def _account(stamps: NDArray[np.int64], returns: F64, world: World) -> Table:
    value = START_USD * np.cumprod(1.0 + returns)
    idle = np.zeros(len(stamps))
    columns = {"equity_usd": value, "cash_usd": value, "cost_usd": idle, "turnover_usd": idle}
    return make_table(pd.DataFrame({"ts_event": stamps, **columns}), EQUITY, world.name)


def broken_fills(world: World, seed: int) -> tuple[Table, Table, set[tuple[str, str]]]:
    """Orders, their fills, and the (cl_ord_id, kind) of every break between them; none in a world without spikes."""
    bars = make_world(world, seed)["bars"].frame
    due = bars.iloc[5::11].sort_values(["ts_event", "symbol"], ignore_index=True)
    draws, count = stream(seed, BROKEN), len(due)
    names = pd.Series([f"desk-{number:04d}" for number in range(count)], dtype="str")
    words = {
        name: pd.Series([word] * count, dtype="str")
        for name, word in (("ord_type", "market"), ("time_in_force", "day"))
    }
    side = pd.Series(np.where(draws.random(count) < 0.5, "buy", "sell"), dtype="str")
    orders = due[["ts_event", "symbol"]].assign(
        cl_ord_id=names, side=side, order_qty=draws.integers(10, 500, count), **words, reference_price=due["close"]
    )
    fills = orders[["ts_event", "symbol", "cl_ord_id", "side"]].assign(
        ts_event=orders["ts_event"] + 1, exec_id="PAPER-" + names, last_qty=orders["order_qty"],
        last_px=np.rint(due["close"] * 1e9).astype("int64"), commission_usd=0.0,
        venue=pd.Series(["PAPER"] * count, dtype="str"),
    )  # fmt: skip
    breaks: set[tuple[str, str]] = set()
    if world.flaws.spikes:
        fills, breaks = _broken(fills, draws.permutation(count)[:12].tolist())
    ordered = fills.sort_values(["ts_event", "symbol", "cl_ord_id"], kind="stable", ignore_index=True)
    return (
        make_table(orders[list(ORDERS.columns)], ORDERS, world.name),
        make_table(ordered[list(FILLS.columns)], FILLS, world.name),
        breaks,
    )


def _broken(fills: pd.DataFrame, at: list[int]) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """Two breaks of each kind that one fill can have."""
    name, frame = fills["cl_ord_id"].to_dict(), fills.copy()
    frame.loc[at[0:2], "last_qty"] -= 3
    frame.loc[at[2:4], "last_qty"] += 3
    frame.loc[at[4:6], "side"] = frame.loc[at[4:6], "side"].map({"buy": "sell", "sell": "buy"})
    frame.loc[at[6:8], "ts_event"] -= 2
    frame = pd.concat([frame, frame.loc[at[8:10]]])
    frame = frame.drop(index=at[10:12])
    kinds = ("unfilled", "overfill", "side_mismatch", "before_order")
    breaks = {(name[place], kind) for group, kind in enumerate(kinds) for place in at[2 * group : 2 * group + 2]}
    breaks |= {(name[place], kind) for place in at[8:10] for kind in ("overfill", "duplicate_execution")}
    return frame, breaks | {(name[place], "unfilled") for place in at[10:12]}
