"""Bars in the order of (symbol, ts_event), one a stamp: the first received stays, later ones are refused.

Why two reasons: an exact copy is a feed that repeats itself, a conflicting one is a feed that contradicts itself.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from pydantic import Field

from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example
from modules.refusal import split
from modules.tables import BARS, REFUSED

VALUES = ["ts_avail", "open", "high", "low", "close", "adj_close", "volume"]
KEY = ["symbol", "ts_event"]


class Settings(ModuleSettings):
    same_within: float = Field(ge=0.0, le=1.0, description="relative difference up to which values count as the same")


def example(rng: np.random.Generator) -> pd.DataFrame:
    bars = bars_example(rng, 60)
    again = bars.iloc[[3, 3, 70]].assign(row=np.array([9_001, 9_002, 9_003], dtype=np.int64))
    other = bars.iloc[[10]].assign(row=np.array([9_004], dtype=np.int64), close=bars["close"].iloc[10] * 1.01)
    return pd.concat([bars.iloc[::-1], again, other], ignore_index=True)


def _same(values: np.ndarray, first: np.ndarray, within: float) -> np.ndarray:
    """Rows whose values all agree with those first received; two missing or two equal infinite values agree."""
    with np.errstate(invalid="ignore"):
        near = np.abs(values - first) <= within * np.abs(first)
    return (near | (values == first) | (np.isnan(values) & np.isnan(first))).all(axis=1)


@module(takes=BARS, gives=(BARS, REFUSED), settings=Settings, example=example)
def sort_and_dedupe(bars: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`row` says what was received first; equal rows of several sources keep the order in which they came."""
    ordered = bars.sort_values([*KEY, "row"], kind="stable", ignore_index=True)
    later = ordered.duplicated(KEY).to_numpy()
    first = np.maximum.accumulate(np.where(later, 0, np.arange(len(ordered))))
    values = ordered[VALUES].to_numpy(dtype=np.float64)
    same = _same(values, values[first], settings.same_within)
    return split(ordered, {"exact_duplicate": later & same, "conflicting_duplicate": later & ~same})


@sort_and_dedupe.accept
def one_bar_a_stamp_in_order(before: pd.DataFrame, after: SimpleNamespace) -> Check:
    """(symbol, ts_event) rises strictly from row to row."""
    symbol, stamp = after.bars["symbol"], after.bars["ts_event"]
    falls = (symbol < symbol.shift()) | ((symbol == symbol.shift()) & (stamp <= stamp.shift()))
    return no_row(after.bars, falls)


@sort_and_dedupe.accept
def every_row_is_kept_or_refused(before: pd.DataFrame, after: SimpleNamespace) -> Check:
    """Each (source, row, symbol) stands as often in bars and refused together as it came in."""
    key = ["source", "row", "symbol"]
    both = pd.concat([after.bars[key], after.refused[key]]).value_counts().sort_index()
    return Check(both.equals(before[key].value_counts().sort_index()), float(both.sum()), f"= {len(before)} rows")


@sort_and_dedupe.accept
def no_stamp_is_lost(before: pd.DataFrame, after: SimpleNamespace) -> Check:
    """As many different (symbol, ts_event) leave as came, and of each the lowest row number stays."""
    lowest = before.groupby(KEY, sort=True)["row"].min().to_numpy()
    return Check(
        np.array_equal(lowest, after.bars["row"].to_numpy()), float(len(after.bars)), f"= {len(lowest)} stamps"
    )
