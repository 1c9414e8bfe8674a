"""History as one session of the bundled venue: bar stamps to wire time, symbols to wire names, quotes to a replay file.

Stamps on the wire count from midnight, and history has thousands of days: the n-th bar stamp of a run happens at
`OPEN_NS` + n steps of one day of the venue. The way back is exact.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.execute.order_side import BUY

HOUR_NS = 3_600_000_000_000
# 2026-01-02 00:00 UTC: a day of the bundled venue has no calendar of its own.
DAY_NS = 1_767_312_000_000_000_000
OPEN_NS, CLOSE_NS = DAY_NS + 4 * HOUR_NS, DAY_NS + 20 * HOUR_NS
LONGEST_STEP_NS = 1_000_000_000
MAX_NAME = 8
UNITS = 1_000_000_000
REPLAY_COLUMNS = ("time_ns", "symbol", "action", "side", "price", "qty", "id")


@dataclass(frozen=True)
class Session:
    """The bar stamps of a run ascending, and its symbols ascending: a pure function of its parents."""

    stamps: NDArray[np.int64]
    symbols: tuple[str, ...]

    @cached_property
    def step_ns(self) -> int:
        """Wire time between two bar stamps: a second, or less where the day would be too short."""
        return min(LONGEST_STEP_NS, (CLOSE_NS - OPEN_NS) // (len(self.stamps) + 1))

    def wire_ns(self, stamps: NDArray[np.int64]) -> NDArray[np.int64]:
        """When the bars at these stamps happen on the wire."""
        return OPEN_NS + (np.searchsorted(self.stamps, stamps) + 1).astype(np.int64) * self.step_ns

    def bar_ns(self, wire_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bar stamp of what happened on the wire."""
        place = (wire_ns - OPEN_NS) // self.step_ns - 1
        return self.stamps[np.clip(place, 0, len(self.stamps) - 1)]

    @cached_property
    def names(self) -> dict[str, str]:
        """SYMBOL.MIC -> at most eight characters: the ticker, or a number where that is too long or not alone."""
        tickers = [symbol.rpartition(".")[0] or symbol for symbol in self.symbols]
        return {
            symbol: ticker if len(ticker) <= MAX_NAME and tickers.count(ticker) == 1 else f"S{place:06d}"
            for place, (symbol, ticker) in enumerate(zip(self.symbols, tickers, strict=True), 1)
        }


def session_of(parents: pd.DataFrame) -> Session:
    """The session of PARENTS."""
    return Session(np.unique(parents["start_ns"].to_numpy()), tuple(sorted(set(parents["symbol"]))))


def quotes(parents: pd.DataFrame, session: Session, largest: int) -> pd.DataFrame:
    """The replay file: for each parent the level that it takes and one tick behind it, gone at half the step.

    The taken side holds the parent's quantity in orders of at most `largest`; a parent without a price has no market.
    """
    due = parents[parents["quote_px"] > 0]
    buys = (due["side"] == BUY).to_numpy()
    price, tick, size = (due[name].to_numpy() for name in ("quote_px", "tick_px", "wire_qty"))
    at = session.wire_ns(due["start_ns"].to_numpy())
    names = due["symbol"].map(session.names).to_numpy()
    rows: list[pd.DataFrame] = []
    taken_side, other_side = np.where(buys, "S", "B"), np.where(buys, "B", "S")
    other = np.where(buys, price - tick, price + tick)
    parts = -(-size // largest)
    place = np.repeat(np.arange(len(due)), parts)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(parts) - parts, parts)
    left = size[place] - nth * largest
    rows.append(_rows(at[place], names[place], taken_side[place], price[place], np.minimum(left, largest), place))
    quoted = other > 0
    rows.append(_rows(at, names, other_side, other, np.minimum(size, largest), np.arange(len(due)))[quoted])
    added = pd.concat(rows, ignore_index=True).sort_values(["time_ns", "place"], kind="stable", ignore_index=True)
    added = added.assign(id=np.arange(1, len(added) + 1), action="add")
    added = added.assign(price=_decimal(added["price"]), qty=added["qty"].astype("str"))
    gone = added.assign(time_ns=added["time_ns"] + session.step_ns // 2, action="cancel", side="", price="", qty="")
    every = pd.concat([added, gone], ignore_index=True).sort_values("time_ns", kind="stable", ignore_index=True)
    return every[list(REPLAY_COLUMNS)]


def _decimal(units: pd.Series) -> pd.Series:
    return (units // UNITS).astype("str") + "." + (units % UNITS).astype("str").str.zfill(9)


def _rows(
    at: NDArray[np.int64], name: NDArray[np.object_], side: NDArray[np.str_], price: NDArray[np.int64],
    size: NDArray[np.int64], place: NDArray[np.int64],
) -> pd.DataFrame:  # fmt: skip
    return pd.DataFrame({"time_ns": at, "symbol": name, "side": side, "price": price, "qty": size, "place": place})
