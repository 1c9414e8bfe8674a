"""Factors that make prices comparable over corporate actions: what the two adjusting modules share.

The vendor's adjusted close says when: q[t] = (close/adj)[t-1] / (close/adj)[t] is 1 but on an ex-date, where it is the
split ratio, or 1 / (1 - dividend / close[t-1]). q does not depend on how far back the vendor has scaled.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.contract import Check
from modules.examples import bars_example

F64 = NDArray[np.float64]
PRICES = ["open", "high", "low", "close"]
Anchor = Literal["last", "first"]
Event: TypeAlias = tuple[str, int, float]  # symbol, number of its bar, jump of the ratio
SPLITS: tuple[Event, ...] = (("AAA.XNYS", 40, 2.0), ("BBB.XNYS", 60, 0.1))
DIVIDENDS: tuple[Event, ...] = (("AAA.XNYS", 70, 1.02), ("BBB.XNYS", 30, 1.01), ("CCC.XNYS", 50, 1.12))


def ratio_jumps(bars: pd.DataFrame) -> F64:
    """q per bar against the symbol's last bar with a known ratio; NaN on its first bar and where nothing is known."""
    known = (
        (bars["close"] > 0.0) & (bars["adj_close"] > 0.0) & np.isfinite(bars["close"]) & np.isfinite(bars["adj_close"])
    )
    ratio = (bars["close"] / bars["adj_close"].where(known)).where(known)
    past = ratio.groupby(bars["symbol"], sort=False).ffill().groupby(bars["symbol"], sort=False).shift()
    return (past / ratio).to_numpy()


def cumulative(steps: F64, bars: pd.DataFrame, anchor: Anchor) -> F64:
    """What each bar's price is multiplied by when it changes by 1/steps[t] at every ex-date t.

    `first`: the product of the steps up to and at t, so the past never changes. `last`: one over the product of the
    steps after t, so the latest price is the quoted one. Products run outwards from the anchor, in that order.
    """
    series, symbol = pd.Series(steps), bars["symbol"]
    if anchor == "first":
        return np.asarray(series.groupby(symbol, sort=False).cumprod(), dtype=np.float64)
    later = series.groupby(symbol, sort=False).shift(-1, fill_value=1.0)
    backwards = later[::-1].groupby(symbol[::-1], sort=False).cumprod()
    return 1.0 / np.asarray(backwards[::-1], dtype=np.float64)


def in_units_of_the_series(bars: pd.DataFrame, factor: F64) -> pd.DataFrame:
    """Prices times the factor and volume by it: a unit of the adjusted series is no share, and money stays money."""
    return bars.assign(**{name: bars[name] * factor for name in PRICES}, volume=bars["volume"] / factor)


def traded_value_is_conserved(before: pd.DataFrame, after: pd.DataFrame) -> Check:
    """Close x volume of every bar is as before, to rounding; a volume is missing only where it was."""
    was, now = before["close"] * before["volume"], after["close"] * after["volume"]
    known = np.isfinite(was)
    off = ((now - was).abs() / was.abs()).where(was != 0.0, now.abs())[known]
    kept = len(was) == len(now) and bool(np.isfinite(now)[known].all())
    return Check(kept and bool((off <= 1e-12).all()), float(off.max()), "<= 1e-12")


def anchor_rows(bars: pd.DataFrame, anchor: Anchor) -> NDArray[np.bool_]:
    """Each symbol's first or last bar: the one whose price stays as quoted."""
    return ~bars.duplicated("symbol", keep="first" if anchor == "first" else "last").to_numpy()


def actions_frame(bars: pd.DataFrame, rows: NDArray[np.bool_], kind: str, ratio: F64, amount: F64) -> pd.DataFrame:
    """ACTIONS of one kind at `rows` of the bars."""
    count = int(rows.sum())
    return pd.DataFrame(
        {
            "ts_event": bars["ts_event"].to_numpy()[rows],
            "symbol": bars["symbol"][rows].reset_index(drop=True),
            "kind": pd.Series([kind] * count, dtype="str"),
            "ratio": ratio[rows],
            "amount": amount[rows],
        }
    )


def actions_example(rng: np.random.Generator, events: Iterable[Event]) -> pd.DataFrame:
    """Bars with the given ex-dates as a vendor quotes them: prices as traded, `adj_close` comparable over all."""
    frame = bars_example(rng, 120)
    of_symbol = frame.groupby("symbol", sort=False).cumcount()
    steps = np.ones(len(frame))
    for symbol, bar, step in events:
        steps[(frame["symbol"] == symbol) & (of_symbol == bar)] = step
    traded = 1.0 / cumulative(steps, frame, "first")
    prices = {name: frame[name] * traded for name in PRICES}
    volume = frame["volume"] / traded
    return frame.assign(**prices, adj_close=frame["close"], volume=volume)
