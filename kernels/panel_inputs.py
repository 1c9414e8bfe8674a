"""What every version of the panel engine takes and gives: the market, the account's terms, the account bar by bar."""

import math
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Reason = Literal["price", "weight", "ruin", "liquidity"]
REASONS: tuple[Reason, ...] = ("price", "weight", "ruin", "liquidity")
# The columns of PanelRun.costs_usd; interest earned is a negative cost.
COST_KINDS = ("commission", "half_spread", "impact", "borrow", "interest")


class UnusableBarError(ValueError):
    """The account cannot go on at (bar, column): unusable price, weight or liquidity, or no equity (column is -1)."""

    def __init__(self, reason: Reason, bar: int, column: int, value: float) -> None:
        self.reason, self.bar, self.column, self.value = reason, bar, column, value
        super().__init__(reason, bar, column, value)


class Market(NamedTuple):
    """Matrices (T, S): a NaN weight holds, a NaN price means no bar.

    `volume` (quantity a bar trades on average) and `vol` (standard deviation of its return) price the impact of fills
    at that bar and must be known before it; `lot` (S,) is what quantities are whole multiples of, 0.0 for any quantity.
    """

    weights: F64
    close: F64
    fill: F64
    volume: F64 | None = None
    vol: F64 | None = None
    lot: F64 | None = None


class Terms(NamedTuple):
    """The account's numbers; rates are fractions per bar.

    Impact is that share of the traded value: impact_coefficient x vol x sqrt(quantity / volume), the temporary impact
    of Almgren et al. (2005), "Direct estimation of equity market impact", with the power 1/2 for their 3/5.
    Interest is paid on the cash of the bar before, borrow on the value then short.
    `missing_bar` says what becomes of an order whose bar is missing, `delisting` of a holding after its last close.
    """

    initial_cash_usd: float
    cost_bps: float = 0.0
    half_spread_bps: float = 0.0
    impact_coefficient: float = 0.0
    borrow_per_bar: float = 0.0
    credit_per_bar: float = 0.0
    debit_per_bar: float = 0.0
    max_weight: float = math.inf
    max_gross: float = math.inf
    missing_bar: Literal["lapse", "wait"] = "lapse"
    delisting: Literal["keep", "liquidate"] = "keep"


@dataclass(frozen=True)
class PanelRun:
    """The account after each bar, (T,), its costs by kind, (T, 5), and the positions, (T, S).

    `cost_usd` is all of a bar's costs; `filled` is signed, 0.0 where nothing traded.
    """

    equity_usd: F64
    cash_usd: F64
    cost_usd: F64
    turnover_usd: F64
    costs_usd: F64
    quantity: F64
    mark: F64
    filled: F64


def panel_buffers(bars: int, symbols: int) -> PanelRun:
    """An account of zeros: a fresh page each, so that what is never written is never touched.

    Handed to a run as `into`, it is overwritten and becomes that run's result: what it held before is gone, but none of
    its pages has to come from the system again, which can cost a large run as much as its arithmetic.
    """
    equity, cash, cost, turnover = np.zeros(bars), np.zeros(bars), np.zeros(bars), np.zeros(bars)
    quantity, mark, filled = np.zeros((bars, symbols)), np.zeros((bars, symbols)), np.zeros((bars, symbols))
    return PanelRun(equity, cash, cost, turnover, np.zeros((bars, len(COST_KINDS))), quantity, mark, filled)


def usable(into: PanelRun | None, matrices: tuple[F64, ...]) -> PanelRun:
    """Where a run over `matrices` is written: `into`, or fresh buffers.

    Raises ValueError for buffers of another shape or type, and for some that share memory with what is read.
    """
    bars, symbols = matrices[1].shape
    if into is None:
        return panel_buffers(bars, symbols)
    like = (*[(bars,)] * 4, (bars, len(COST_KINDS)), *[(bars, symbols)] * 3)
    arrays = [getattr(into, column.name) for column in fields(into)]
    for array, shape in zip(arrays, like, strict=True):
        fits = array.shape == shape and array.dtype == np.float64 and array.flags.c_contiguous
        if not fits or any(np.may_share_memory(array, matrix) for matrix in matrices):
            raise ValueError(f"buffers are panel_buffers({bars}, {symbols}), apart from the market")
    # The only cells that a run may leave as they are.
    into.costs_usd.fill(0.0)
    return into


def matched(market: Market, terms: Terms) -> tuple[F64, F64, F64, F64, F64, F64]:
    """The market's matrices, C-ordered and of one shape; empty ones where nothing asks for them.

    Raises ValueError for other shapes, for impact without `volume` and `vol`, and for terms or lots that are negative
    or not finite (caps may be infinite): compiled loops do not look.
    """
    caps_are_numbers = terms.max_weight >= 0.0 and terms.max_gross >= 0.0
    if not all(0.0 <= number < math.inf for number in terms[:7]) or not caps_are_numbers:
        raise ValueError(f"terms out of bounds: {terms}")
    prices = tuple(np.ascontiguousarray(matrix, dtype=np.float64) for matrix in market[:3])
    bars, symbols = prices[1].shape
    liquidity = (np.zeros((0, 0)), np.zeros((0, 0)))
    if terms.impact_coefficient > 0.0:
        if market.volume is None or market.vol is None:
            raise ValueError("impact needs volume and vol")
        liquidity = tuple(np.ascontiguousarray(matrix, dtype=np.float64) for matrix in (market.volume, market.vol))
    lot = np.zeros(symbols) if market.lot is None else np.ascontiguousarray(market.lot, dtype=np.float64)
    if any(m.shape != (bars, symbols) for m in (*prices, *(m for m in liquidity if m.size))) or lot.shape != (symbols,):
        raise ValueError("weights, prices and liquidity are (bars, symbols), lots (symbols,)")
    if not ((lot >= 0.0) & (lot < math.inf)).all():
        raise ValueError("lots are finite and not negative; 0.0 is any quantity")
    return prices[0], prices[1], prices[2], liquidity[0], liquidity[1], lot


def last_bars(close: F64) -> NDArray[np.int64]:
    """(S,) the last bar at which each symbol has a close; -1 where it never has one."""
    bars = np.arange(len(close))[:, None]
    return np.where(np.isnan(close), -1, bars).max(axis=0, initial=-1).astype(np.int64)
