"""A sweep in parts: the figures of a run of sets at a time, in memory that does not grow with the grid.

What it gives is not sealed: who reads it must count each set as a trial, so the import contracts say who may.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernels.alpha.assigned import Assigned
from kernels.alpha.language import Node
from kernels.cpu.sweep import sweep
from kernels.sweep_alpha import alpha_features
from kernels.sweep_features import RULES
from kernels.sweep_inputs import F64, Lanes, Market
from modules.backtest.parameter_grid import sets_of
from modules.backtest.sweep_market import markets, volatility_scale
from modules.backtest.sweep_plan import Plan, planned
from modules.backtest.sweep_settings import SweepSettings, terms_of
from modules.backtest.sweep_tables import figures_table
from modules.formula_fields import field_matrices
from modules.panel import grid

I64 = NDArray[np.int64]
CHUNK_SETS = 65_536
# Of one frame, all symbols together; a row takes about 150 bytes.
CHUNK_ROWS = 262_144
# Of the features of one chunk, and of what its formula keeps beside them.
CHUNK_FEATURES_BYTES = 134_217_728
# However small the matrices are, each takes its place.
MOST_KEPT = 4_096
MAX_STREAMED_SETS = 100_000_000


class Traded(NamedTuple):
    symbol: str
    stamps: I64
    market: Market


# Sets (parameters, n) -> number of a symbol -> its features and the lanes of the sets.
Prepare = Callable[[F64], Callable[[int], tuple[F64, Lanes]]]


def traded(bars: pd.DataFrame, settings: SweepSettings) -> list[Traded]:
    """Each symbol with its market, staked as the settings say.

    Raises CWS-BACKTEST-020 for a price that is not positive and finite.
    """
    aim = (settings.target_vol_per_bar, settings.vol_weight, settings.max_stake)
    found = [Traded(*one) for one in markets(bars, settings.fill_on)]
    if settings.sizing == "all":
        return found
    return [one._replace(market=one.market._replace(scale=volatility_scale(one.market.close, *aim))) for one in found]


def _of_formula(
    formula: Node, names: tuple[str, ...], bars: pd.DataFrame, symbols: list[Traded], settings: SweepSettings
) -> Prepare:
    stamps = grid(bars)
    fields = field_matrices(bars, stamps, settings.vwap, settings.sectors)
    matrix_bytes = 8 * max(fields["close"].size, 1)
    own = Assigned(formula, fields, min(max(CHUNK_FEATURES_BYTES // matrix_bytes, len(names)), MOST_KEPT))
    # A formula sees the stamps of all symbols; an account sees its symbol's own bars.
    rows = [np.searchsorted(stamps.ts_event, one.stamps) for one in symbols]

    def prepare(sets: F64) -> Callable[[int], tuple[F64, Lanes]]:
        columns, lanes = alpha_features(own, names, sets)
        return lambda number: (columns[number][rows[number]], lanes)

    return prepare


def prepared(plan: Plan, bars: pd.DataFrame, symbols: list[Traded], settings: SweepSettings) -> Prepare:
    """How features are made: of a formula for all symbols at once, of any other rule symbol by symbol."""
    if plan.formula is not None:
        return _of_formula(plan.formula, plan.parameters[: len(plan.costly)], bars, symbols, settings)
    rule = RULES[plan.decides]
    return lambda sets: lambda number: rule.features(symbols[number].market.close, sets)


def _column_bytes(plan: Plan, bars: int, symbols: int) -> int:
    return 8 * max(bars, 1) * (1 if plan.formula is None else max(symbols, 1))


def scattered_sets(plan: Plan, bars: int, symbols: int) -> int:
    """How many sets from anywhere in the grid fit into one chunk's bounds; one set always does."""
    return max(CHUNK_FEATURES_BYTES // (_column_bytes(plan, bars, symbols) * max(len(plan.costly), 1)), 1)


def chunk_sets(plan: Plan, bars: int, symbols: int) -> int:
    """How many sets in a row fit into one chunk's bounds; one set always does."""
    column_bytes = _column_bytes(plan, bars, symbols)
    most = min(CHUNK_SETS, max(CHUNK_ROWS // max(symbols, 1), 1))
    while most > 1 and plan.most_columns(most) * column_bytes > CHUNK_FEATURES_BYTES:
        most //= 2
    # Whole runs of thresholds: what stands on both sides of an edge is computed twice.
    return most - most % plan.thresholds if most > plan.thresholds else most


def runs(sets: int, first: int, end: int) -> Iterator[I64]:
    """The numbers from `first` to before `end`, `sets` at a time, cut at multiples of `sets`."""
    while first < end:
        after = min((first // sets + 1) * sets, end)
        yield np.arange(first, after, dtype=np.int64)
        first = after


def _frames(
    plan: Plan, bars: pd.DataFrame, settings: SweepSettings, first: int, end: int, symbols: list[Traded]
) -> Iterator[pd.DataFrame]:
    prepare, terms = prepared(plan, bars, symbols, settings), terms_of(settings)
    for numbers in runs(chunk_sets(plan, bars["ts_event"].nunique(), len(symbols)), first, end):
        sets = sets_of(plan.values, numbers)
        features_of, tables = prepare(sets), list[pd.DataFrame]()
        for number, (symbol, stamps, market) in enumerate(symbols):
            features, lanes = features_of(number)
            figures = sweep(plan.decides, features, lanes, market, terms)
            tables.append(figures_table(symbol, len(stamps), numbers, sets, figures))
        yield pd.concat(tables, ignore_index=True)


def sweep_chunks(
    bars: pd.DataFrame, settings: SweepSettings, first_set: int = 0, end_set: int = MAX_STREAMED_SETS
) -> Iterator[pd.DataFrame]:
    """SWEEP frames of the sets from `first_set` to before `end_set`: all symbols of at most CHUNK_SETS sets in a row.

    Rows are ordered by (symbol, set), and `set` is the set's number in the whole grid, so where a sweep is cut or
    resumed changes no row. `max_sets` does not bound it. No bars: no frames.
    Raises, before the first frame, what `planned` (above MAX_STREAMED_SETS sets) and `traded` raise.
    """
    plan, symbols = planned(settings, MAX_STREAMED_SETS), traded(bars, settings)
    end = min(end_set, plan.sets) if symbols else 0
    return _frames(plan, bars, settings, first_set, end, symbols)
