"""Dividends implied by what the Close/Adj Close ratio still jumps after splits, and total-return prices, as of a date.

Why by the ratio: reinvesting a dividend D at the last close C multiplies a holding by 1 / (1 - D/C), which is the jump.
Volume is divided by what prices are multiplied by: both count a unit of the adjusted series (a share with its dividends
reinvested), and their product is the money traded. Takes what `split_adjust` gives, with the same `as_of_ns`, `anchor`.
"""

from types import SimpleNamespace
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from modules.clean.price_factors import (
    DIVIDENDS,
    F64,
    PRICES,
    SPLITS,
    Anchor,
    actions_example,
    actions_frame,
    anchor_rows,
    cumulative,
    in_units_of_the_series,
    ratio_jumps,
    traded_value_is_conserved,
)
from modules.contract import Check, ModuleSettings, module
from modules.errors import CwsError
from modules.tables import ACTIONS, BARS


class Settings(ModuleSettings):
    min_yield: float = Field(ge=1e-6, le=0.1, description="a smaller jump of the ratio is the vendor's rounding")
    max_yield: float = Field(ge=0.05, le=0.9, description="a larger jump cannot be a dividend: a split was left in")
    as_of_ns: int = Field(ge=0, le=2**63 - 1, description="later ex-dates are not applied; 2^63 - 1 is all")
    anchor: Literal["last", "first"] = Field(description="the bar whose price stays as quoted; as in split_adjust")


def example(rng: np.random.Generator) -> dict[str, object]:
    bars = actions_example(rng, DIVIDENDS)
    at = np.array([bars.index[bars["symbol"] == symbol][bar] for symbol, bar, _ in SPLITS])
    rows = np.isin(np.arange(len(bars)), at)
    ratio = np.ones(len(bars))
    ratio[at] = [step for _, _, step in SPLITS]
    return {"bars": bars, "actions": actions_frame(bars, rows, "split", ratio, np.zeros(len(bars)))}


def _quoted_close(bars: pd.DataFrame, actions: pd.DataFrame, anchor: Anchor) -> pd.Series:
    """The close as traded: what `split_adjust` with the same anchor had before it."""
    splits = actions[actions["kind"] == "split"]
    ratio = bars[["symbol", "ts_event"]].merge(splits, on=["symbol", "ts_event"], how="left")["ratio"]
    return bars["close"] / cumulative(ratio.fillna(1.0).to_numpy(), bars, anchor)


def _jumps(bars: pd.DataFrame, settings: Settings) -> F64:
    """The ratio's jump on each ex-date of a dividend, else 1."""
    jump = ratio_jumps(bars)
    with np.errstate(invalid="ignore"):
        paid = (jump - 1.0 > settings.min_yield) & (bars["ts_event"].to_numpy() <= settings.as_of_ns)
        impossible = paid & (1.0 - 1.0 / jump > settings.max_yield)
    if impossible.any():
        first = bars.iloc[int(impossible.argmax())]
        raise CwsError(
            "CWS-CLEAN-004", what=f"the ratio of {first['symbol']} jumps by {jump[impossible][0]:.4f}: no dividend",
            where=f"{first['source']}, row {first['row']}", fix="run split_adjust before, with the same as_of_ns",
        )  # fmt: skip
    return np.where(paid, jump, 1.0)


@module(takes=(BARS, ACTIONS), gives=(BARS, ACTIONS), settings=Settings, example=example)
def dividend_adjust(bars: pd.DataFrame, actions: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Takes bars sorted by (symbol, ts_event); an amount is per share as held and quoted on the day before.

    Raises CWS-CLEAN-004 for a jump that no dividend makes.
    """
    jump = _jumps(bars, settings)
    factor = cumulative(jump, bars, settings.anchor)
    quoted = _quoted_close(bars, actions, settings.anchor).groupby(bars["symbol"], sort=False)
    past = quoted.ffill().groupby(bars["symbol"], sort=False).shift().to_numpy()
    paid = actions_frame(bars, jump != 1.0, "dividend", np.ones(len(bars)), past * (1.0 - 1.0 / jump))
    both = pd.concat([actions, paid], ignore_index=True)
    listed = both.sort_values(["symbol", "ts_event", "kind"], kind="stable", ignore_index=True)
    return in_units_of_the_series(bars, factor), listed


@dividend_adjust.accept
def traded_value_stays(before: SimpleNamespace, after: SimpleNamespace) -> Check:
    """A dividend trades nothing: close x volume of every bar is as before, to rounding."""
    return traded_value_is_conserved(before.bars, after.bars)


@dividend_adjust.accept
def the_anchor_is_as_quoted(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> bool:
    """Keys and order stay, and each symbol's first or last bar keeps its prices and its volume."""
    rows, changed = anchor_rows(before.bars, settings.anchor), [*PRICES, "volume"]
    kept = [name for name in before.bars if name not in changed]
    return after.bars[kept].equals(before.bars[kept]) and after.bars[changed][rows].equals(before.bars[changed][rows])


@dividend_adjust.accept
def closes_move_as_the_vendors_do(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """Up to the date, no jump above `min_yield` is left between the close and the vendor's adjusted close."""
    left = np.nan_to_num(ratio_jumps(after.bars) - 1.0, nan=0.0)[after.bars["ts_event"] <= settings.as_of_ns]
    most = float(left.max()) if len(left) else 0.0
    return Check(most <= settings.min_yield + 1e-9, most, f"<= {settings.min_yield}")


@dividend_adjust.accept
def actions_are_listed_once(before: SimpleNamespace, after: SimpleNamespace, settings: Settings) -> Check:
    """The splits given are all there; every dividend is positive and known as of the date; order is the table's."""
    paid = after.actions[after.actions["kind"] != "split"]
    fair = ((paid["kind"] == "dividend") & (paid["amount"] > 0.0) & (paid["ratio"] == 1.0)).all()
    known = (paid["ts_event"] <= settings.as_of_ns).all()
    key = ["symbol", "ts_event", "kind"]
    ordered = after.actions[key].equals(after.actions[key].drop_duplicates().sort_values(key, ignore_index=True))
    splits = after.actions[after.actions["kind"] == "split"].reset_index(drop=True)
    same = splits.equals(before.actions[before.actions["kind"] == "split"].reset_index(drop=True))
    return Check(bool(fair and known and ordered and same), float(len(paid)), "all fair")
