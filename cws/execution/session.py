"""History as one session of the bundled venue: bar stamps to wire time, symbols to wire names, quotes to a replay file.

Stamps on the wire count from midnight, and history has thousands of days: the n-th bar stamp of a run happens n steps
after the opening of one day of the venue. The way back is exact.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.execute.order_side import BUY

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
OPEN_NS, CLOSE_NS = 4 * HOUR_NS, 20 * HOUR_NS  # of the venue's day
LONGEST_STEP_NS = 1_000_000_000
MAX_NAME = 8
UNITS = 1_000_000_000
REPLAY_COLUMNS = ("time_ns", "symbol", "action", "side", "price", "qty", "id")


@dataclass(frozen=True)
class Session:
    """The bar stamps of a run ascending, its symbols ascending, and the midnight of the venue's day in UTC ns.

    Which day it is changes no byte of market data and no fill: stamps there count from midnight.
    """

    stamps: NDArray[np.int64]
    symbols: tuple[str, ...]
    day_ns: int

    @property
    def open_ns(self) -> int:
        return self.day_ns + OPEN_NS

    @cached_property
    def step_ns(self) -> int:
        """Wire time between two bar stamps: a second, or less where the day would be too short."""
        return min(LONGEST_STEP_NS, (CLOSE_NS - OPEN_NS) // (len(self.stamps) + 1))

    def wire_ns(self, stamps: NDArray[np.int64]) -> NDArray[np.int64]:
        """When the bars at these stamps happen on the wire."""
        return self.open_ns + (np.searchsorted(self.stamps, stamps) + 1).astype(np.int64) * self.step_ns

    def bar_ns(self, wire_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bar stamp of what happened on the wire."""
        place = (wire_ns - self.open_ns) // self.step_ns - 1
        return self.stamps[np.clip(place, 0, len(self.stamps) - 1)]

    @cached_property
    def names(self) -> dict[str, str]:
        """SYMBOL.MIC -> at most eight characters: the ticker, or a number where that is too long or not alone."""
        tickers = [symbol.rpartition(".")[0] or symbol for symbol in self.symbols]
        return {
            symbol: ticker if len(ticker) <= MAX_NAME and tickers.count(ticker) == 1 else f"S{place:06d}"
            for place, (symbol, ticker) in enumerate(zip(self.symbols, tickers, strict=True), 1)
        }


def session_of(parents: pd.DataFrame, day_ns: int) -> Session:
    """The session of PARENTS on the venue's day that begins at `day_ns`."""
    return Session(np.unique(parents["start_ns"].to_numpy()), tuple(sorted(set(parents["symbol"]))), day_ns)


def moments(parents: pd.DataFrame, session: Session) -> NDArray[np.int64]:
    """When each parent has its market: at its bar, the short part of an order an eighth of a step behind the long."""
    later = parents["cl_ord_id"].duplicated().to_numpy()
    return session.wire_ns(parents["start_ns"].to_numpy()) + np.where(later, session.step_ns // 8, 0)


def windows(parents: pd.DataFrame, session: Session) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """From when and until when each parent is worked, so that every slice of it is due when it has its market.

    The gateway spreads n slices evenly over the window: at the moment, (n - 1) / n of it must have passed.
    """
    at, before = moments(parents, session), session.step_ns // 16
    slices = -(-parents["wire_qty"].to_numpy() // parents["slice_qty"].to_numpy())
    return at - before, at + before // (slices + 1)


def quotes(parents: pd.DataFrame, session: Session) -> pd.DataFrame:
    """The replay file: the level that each parent takes, in orders of its slices, gone a quarter step after its bar.

    A parent without a price has no market.
    """
    quoted = (parents["quote_px"] > 0).to_numpy()
    due, at = parents[quoted], moments(parents, session)[quoted]
    size, slice_qty = due["wire_qty"].to_numpy(), due["slice_qty"].to_numpy()
    parts = -(-size // slice_qty)
    place = np.repeat(np.arange(len(due)), parts)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(parts) - parts, parts)
    units = pd.Series(due["quote_px"].to_numpy()[place])
    added = pd.DataFrame(
        {
            "time_ns": at[place],
            "gone_ns": session.wire_ns(due["start_ns"].to_numpy())[place] + session.step_ns // 4,
            "symbol": due["symbol"].map(session.names).to_numpy()[place],
            "action": "add",
            "side": np.where((due["side"] == BUY).to_numpy(), "S", "B")[place],
            "price": (units // UNITS).astype("str") + "." + (units % UNITS).astype("str").str.zfill(9),
            "qty": pd.Series(np.minimum(size[place] - nth * slice_qty[place], slice_qty[place])).astype("str"),
        }
    ).sort_values("time_ns", kind="stable", ignore_index=True)
    added = added.assign(id=np.arange(1, len(added) + 1))
    gone = added.assign(time_ns=added["gone_ns"], action="cancel", side="", price="", qty="")
    every = pd.concat([added, gone], ignore_index=True).sort_values("time_ns", kind="stable", ignore_index=True)
    return every[list(REPLAY_COLUMNS)]
