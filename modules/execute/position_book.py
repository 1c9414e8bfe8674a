"""Positions and the account from the fills alone: lots after each bar, marked at the last known close.

The account is kept in the currency of the prices, called USD: cash pays each fill's value and then its commission.
"""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from modules.contract import Check, ModuleSettings, module
from modules.errors import CwsError
from modules.examples import bars_example
from modules.execute.cash_account import book
from modules.execute.fixed_point import from_fixed, to_fixed
from modules.execute.marks import last_known, marked, settled
from modules.execute.order_side import sides, signs
from modules.instruments import instruments_example, lot_sizes
from modules.panel import KEYS, Grid, grid
from modules.tables import BARS, BOOK, FILLS, INSTRUMENTS, POSITIONS


class Settings(ModuleSettings):
    initial_cash_usd: float = Field(ge=0.0, le=1e15, description="cash before the first fill")


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng, 40)
    chosen = bars.iloc[3::7].sort_values(["ts_event", "symbol"], ignore_index=True)
    lots = pd.Series(rng.integers(1, 50, len(chosen)) * rng.choice([-1, 1], len(chosen)))
    names = "example-" + chosen["ts_event"].astype("str") + "-" + chosen["symbol"]
    fills = chosen[["ts_event", "symbol"]].assign(
        cl_ord_id=names, exec_id="PAPER-" + names, side=sides(lots), last_qty=lots.abs(),
        last_px=to_fixed(chosen["open"].to_numpy()), commission_usd=rng.uniform(0.0, 5.0, len(chosen)),
        venue=pd.Series("PAPER", index=chosen.index, dtype="str"),
    )  # fmt: skip
    return {"fills": fills, "bars": bars, "instruments": instruments_example()}


def _places(fills: pd.DataFrame, panel: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bar at or after each fill, and its symbol's column."""
    row = np.searchsorted(panel.ts_event, fills["ts_event"].to_numpy())
    column = pd.Index(panel.symbols).get_indexer(pd.Index(fills["symbol"]))
    outside = (row == len(panel.ts_event)) | (column < 0)
    if outside.any():
        first = fills[outside].iloc[0]
        raise CwsError(
            "CWS-EXECUTE-004", what=f"no bar of {first['symbol']!r} holds fill {first['exec_id']}",
            where=f"fills, ts_event {first['ts_event']}", fix="give the bars up to the last fill",
        )  # fmt: skip
    return row.astype(np.int64), column.astype(np.int64)


@module(takes=(FILLS, BARS, INSTRUMENTS), gives=(POSITIONS, BOOK), settings=Settings, example=example)
def position_book(
    fills: pd.DataFrame, bars: pd.DataFrame, instruments: pd.DataFrame, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    panel = grid(bars)
    row, column = _places(fills, panel)
    lot_size = lot_sizes(instruments, panel.symbols)
    signed = signs(fills["side"]) * fills["last_qty"].to_numpy()
    moves = np.zeros((len(panel.ts_event), len(panel.symbols)), dtype=np.int64)
    np.add.at(moves, (row, column), signed)
    lots, mark = np.cumsum(moves, axis=0), last_known(panel.spread(bars["close"]))
    value = marked(lots, lot_size, mark, panel)
    paid = signed * lot_size[column] * from_fixed(fills["last_px"].to_numpy())
    commission = fills["commission_usd"].to_numpy(dtype=np.float64)
    positions = bars[KEYS].assign(
        position_lots=lots[panel.row_of, panel.column_of],
        price=np.nan_to_num(panel.gather(mark), nan=0.0),
        value_usd=panel.gather(value),
    )
    return positions, book(panel.ts_event, row, paid, commission, value, settings.initial_cash_usd)


@position_book.accept
def cash_pays_for_every_fill(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """Last cash = initial cash - signed value of all fills - all commissions; costs and turnover add up as well."""
    fills = before.fills
    lot_size = lot_sizes(before.instruments, list(fills["symbol"]))
    value = signs(fills["side"]) * fills["last_qty"].to_numpy() * lot_size * from_fixed(fills["last_px"].to_numpy())
    paid, cost, turnover = (math.fsum(column) for column in (value, fills["commission_usd"], np.abs(value)))
    last = after.book["cash_usd"].iloc[-1] if len(after.book) else settings.initial_cash_usd
    gaps = (
        last - (settings.initial_cash_usd - paid - cost),
        math.fsum(after.book["cost_usd"]) - cost,
        math.fsum(after.book["turnover_usd"]) - turnover,
    )
    gap = max(abs(number) for number in gaps) / max(1.0, settings.initial_cash_usd, turnover)
    return Check(gap <= 1e-9, gap, "1e-9 of the account")


@position_book.accept
def equity_is_cash_plus_positions(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """At every stamp equity is cash plus each symbol's position at its last row, unless a fill waits for that row."""
    panel = grid(before.bars)
    if len(after.book) != len(panel.ts_event) or len(after.positions) != len(before.bars):
        return Check(False, float(len(after.book)), f"= {len(panel.ts_event)} stamps")
    value = pd.DataFrame(panel.spread(after.positions["value_usd"])).ffill().fillna(0.0).to_numpy()
    equity, cash = after.book["equity_usd"].to_numpy(), after.book["cash_usd"].to_numpy()
    gap = np.abs(equity - cash - value.sum(axis=1)) / (1.0 + np.abs(equity) + np.abs(value).sum(axis=1))
    gap = gap[settled(*_places(before.fills, panel), panel)]
    return Check(bool((gap <= 1e-9).all()), float(gap.max(initial=0.0)), "1e-9 of the gross value")


@position_book.accept
def positions_are_sums_of_fills(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """A position moves by exactly the lots filled: its rows are the bars', its last one the sum of the fills."""
    fills = before.fills
    bought = pd.Series(signs(fills["side"]), index=fills.index) * fills["last_qty"]
    total = bought.groupby(fills["symbol"]).sum()
    # A fill after a symbol's last row (its venue was closed, the panel went on) shows in the book only.
    last = after.positions.groupby("symbol")[["ts_event", "position_lots"]].last()
    late = fills["ts_event"].to_numpy() > last["ts_event"].reindex(fills["symbol"], fill_value=0).to_numpy()
    gap = last["position_lots"].sub(total, fill_value=0).drop(fills["symbol"][late].unique())
    same = after.positions[KEYS].equals(before.bars[KEYS])
    return Check(same and not gap.any(), float(gap.abs().sum()), "0 lots")
