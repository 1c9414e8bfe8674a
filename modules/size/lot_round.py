"""Weights to whole lots: weight x account value / close / lot size, cut toward zero, carried to the next decision.

Why toward zero: a target never asks for more than its weight allows. The remainder is not lost: each decision starts
again from the weight, so the orders of a symbol always add up to its target.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from kernels.ordered import F64
from modules.contract import Check, ModuleSettings, module, no_row
from modules.errors import CwsError
from modules.examples import bars_example
from modules.instruments import instruments_example, lot_sizes
from modules.panel import KEYS, by_symbol
from modules.size.account import equity_at
from modules.size.alignment import require_same_rows, same_rows
from modules.size.samples import equity_example, weights_example
from modules.tables import BARS, EQUITY, INSTRUMENTS, TARGETS, WEIGHTS

MAX_LOTS = 2.0**53  # above it float64 no longer counts in ones


class Settings(ModuleSettings):
    """No numbers: the lot size is the instrument's, and the direction of rounding is not a choice."""


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    bars = bars_example(rng)
    weights = weights_example(rng)
    return {"weights": weights, "bars": bars, "equity": equity_example(rng, bars), "instruments": instruments_example()}


def _refuse(rows: pd.DataFrame, bad: pd.Series) -> None:
    if bad.any():
        first = rows[bad].iloc[0]
        raise CwsError(
            "CWS-SIZE-003",
            what=f"weight {first['weight']} at close {first['close']} is no number of lots",
            where=f"{first['symbol']}, ts_event {first['ts_event']}",
            fix="weights and closes at a decision must be finite, closes positive",
        )


def _ideal_lots(rows: pd.DataFrame, equity: pd.DataFrame, instruments: pd.DataFrame) -> F64:
    """Lots with their fraction at decision rows, NaN elsewhere."""
    decides = rows["weight"].notna() & rows["close"].notna()
    _refuse(rows, decides & ~((rows["close"] > 0.0) & np.isfinite(rows["close"]) & np.isfinite(rows["weight"])))
    codes, symbols = pd.factorize(rows["symbol"])
    lot_size = lot_sizes(instruments, [str(symbol) for symbol in symbols])[codes]
    account = equity_at(equity, rows, decides.to_numpy(dtype=np.bool_))
    return rows["weight"].to_numpy() * account / rows["close"].to_numpy() / lot_size


@module(takes=(WEIGHTS, BARS, EQUITY, INSTRUMENTS), gives=TARGETS, settings=Settings, example=example)
def lot_round(
    weights: pd.DataFrame, bars: pd.DataFrame, equity: pd.DataFrame, instruments: pd.DataFrame, settings: Settings
) -> pd.DataFrame:
    require_same_rows(weights, bars, "weights and bars")
    rows = bars[[*KEYS, "close"]].assign(weight=weights["weight"])
    rows["lots"] = np.trunc(_ideal_lots(rows, equity, instruments))
    _refuse(rows, rows["lots"].abs() >= MAX_LOTS)
    carried = by_symbol(rows)[["lots", "close"]].ffill().fillna(0.0)
    # Before the first known close the reference price is 0: nobody can have ordered there.
    return rows[KEYS].assign(
        target_lots=carried["lots"].astype("int64"), weight=rows["weight"], reference_price=carried["close"]
    )


@lot_round.accept
def one_target_per_bar(before: SimpleNamespace, after: pd.DataFrame) -> bool:
    """The targets have exactly the bars' rows, in their order."""
    return same_rows(before.bars, after)


@lot_round.accept
def within_one_lot(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """At a decision the target's value is below the weight's by less than one lot, never above it."""
    lots = before.instruments.drop_duplicates("symbol").set_index("symbol")["lot_size"]
    account = before.equity.set_index("ts_event")["equity_usd"].reindex(after["ts_event"]).to_numpy()
    lot_usd = lots.reindex(after["symbol"]).to_numpy() * before.bars["close"]
    wanted_usd = before.weights["weight"] * account
    gap_usd = (wanted_usd - after["target_lots"] * lot_usd) * np.where(wanted_usd < 0.0, -1.0, 1.0)
    # The division is rounded: a target that is exact in lots may be off by a few units in the last place of its value.
    slack = 1e-12 * wanted_usd.abs()
    wrong = (gap_usd < -slack) | (gap_usd >= lot_usd + slack)
    return Check(not wrong.any(), float((gap_usd / lot_usd).max()), "0 <= remainder < 1 lot", after[wrong].head(5))


@lot_round.accept
def holds_between_decisions(before: SimpleNamespace, after: pd.DataFrame) -> Check:
    """A target moves only where there is a weight."""
    moved = after["target_lots"] != by_symbol(after)["target_lots"].shift(fill_value=0)
    wrong = moved & before.weights["weight"].isna()
    return no_row(after, wrong)
