"""The panel engine of kernels/reference, compiled: per bar a few loops over symbols that LLVM turns into vector code.

Only sums run one symbol after another: cash, costs, turnover, holdings. What does not trade is a select of 0.0, whose
sum changes no bit, so the loops have no branch. The written rows of quantity and mark are the next bar's state.
The compiler's disk cache looks at this file alone: nothing compiled here calls what is compiled elsewhere.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numba.core.compiler import Compiler

from kernels.panel_inputs import F64, REASONS, Market, PanelRun, Terms, UnusableBarError, last_bars, matched, usable

_PRICE, _WEIGHT, _RUIN, _LIQUIDITY = (REASONS.index(reason) for reason in ("price", "weight", "ruin", "liquidity"))
_MAX_LOTS = 2.0**53


class _NoOverlap(Compiler):
    """The arrays of a call do not overlap: without this promise LLVM checks every pair of them at every bar."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


def _compiled(function: Any) -> Any:
    # No fast-math, no contraction: the operation order is the semantics.
    return njit(error_model="numpy", nogil=True, cache=True, pipeline_class=_NoOverlap)(function)


@_compiled
def _finance(short, cash, borrow_per_bar, credit, debit, costs):
    costs[3] = short * borrow_per_bar if borrow_per_bar > 0.0 else 0.0
    costs[4] = 0.0 - cash * (credit if cash > 0.0 else debit)


@_compiled
def _forget(leaving, order):
    for k in range(leaving.size):
        order[leaving[k]] = 0.0


@_compiled
def _due(order, price, filled, worth):
    """Quantities and values of the fills, 0.0 where nothing is due; whether every price needed is one."""
    wrong = 0
    for s in range(order.size):
        due = (order[s] != 0.0) & (price[s] == price[s])
        usable = (price[s] > 0.0) & (price[s] < math.inf)
        wrong = wrong + (1 if due & (not usable) else 0)
        filled[s] = order[s] if due else 0.0
        worth[s] = order[s] * price[s] if due else 0.0
    return wrong == 0


@_compiled
def _close_out(leaving, quantity, mark, filled, worth):
    """Holdings after their last close are sold or bought back at it."""
    for k in range(leaving.size):
        s = leaving[k]
        filled[s] = -quantity[s] if quantity[s] != 0.0 else 0.0
        worth[s] = filled[s] * mark[s] if quantity[s] != 0.0 else 0.0


@_compiled
def _impact(coefficient, filled, worth, volume, vol, leaving, impact):
    """The impact of every fill; the column of the first without liquidity, or -1. What leaves has no market to move."""
    for s in range(filled.size):
        impact[s] = 0.0
    for k in range(leaving.size):
        impact[leaving[k]] = -1.0
    for s in range(filled.size):
        if impact[s] < 0.0:
            impact[s] = 0.0
        elif filled[s] != 0.0:
            if not ((volume[s] > 0.0) & (volume[s] < math.inf) & (vol[s] >= 0.0) & (vol[s] < math.inf)):
                return s
            impact[s] = abs(worth[s]) * (coefficient * vol[s] * math.sqrt(abs(filled[s]) / volume[s]))
    return -1


@_compiled
def _of_value(worth, bps, paid):
    for s in range(worth.size):
        paid[s] = abs(worth[s]) * bps / 1e4


@_compiled
def _together(commission, spread, impact, cost):
    for s in range(cost.size):
        cost[s] = commission[s] + spread[s] + impact[s]


@_compiled
def _settle(cash, paid, worth, cost, commission, holding):
    """(cash, costs, turnover, commission, value held), each summed symbol after symbol.

    One loop for five sums: each waits for itself alone, so that four hide behind the longest, cash.
    """
    turnover = fees = total = 0.0
    for s in range(worth.size):
        cash = cash - worth[s] - cost[s]
        paid = paid + cost[s]
        turnover = turnover + abs(worth[s])
        fees = fees + commission[s]
        total = total + holding[s]
    return cash, paid, turnover, fees, total


@_compiled
def _sum(values):
    total = 0.0
    for s in range(values.size):
        total = total + values[s]
    return total


@_compiled
def _mark(held_before, mark_before, filled, close, quantity, mark, worth):
    """Holdings, marks and values at this bar; whether every holding has a price."""
    wrong = 0
    for s in range(close.size):
        held = held_before[s] + filled[s] if filled[s] != 0.0 else held_before[s]
        price = close[s] if close[s] == close[s] else mark_before[s]
        wrong = wrong + (1 if (held != 0.0) & (not ((price > 0.0) & (price < math.inf))) else 0)
        quantity[s], mark[s] = held, price
        worth[s] = held * price if held != 0.0 else 0.0
    return wrong == 0


@_compiled
def _short(worth):
    total = 0.0
    for s in range(worth.size):
        total = total + (-worth[s] if worth[s] < 0.0 else 0.0)
    return total


@_compiled
def _decide(weight, close, quantity, filled, equity, max_weight, scale, waits, order):
    """Orders for the next bar; whether every weight and price they need is one."""
    wrong = 0
    for s in range(weight.size):
        decided = (weight[s] == weight[s]) & (close[s] == close[s])
        usable = (abs(weight[s]) < math.inf) & (close[s] > 0.0) & (close[s] < math.inf)
        wrong = wrong + (1 if decided & (not usable) else 0)
        capped = -max_weight if weight[s] < -max_weight else (max_weight if weight[s] > max_weight else weight[s])
        left = order[s] if waits & (filled[s] == 0.0) else 0.0
        order[s] = capped * scale * equity / close[s] - quantity[s] if decided else left
    return wrong == 0


@_compiled
def _scale(weight, close, quantity, worth, equity, max_weight, max_gross):
    wanted = kept = 0.0
    for s in range(weight.size):
        decided = (weight[s] == weight[s]) & (close[s] == close[s])
        share = abs(weight[s])
        wanted = wanted + ((share if share < max_weight else max_weight) if decided else 0.0)
        kept = kept + (0.0 if decided else abs(worth[s]))
    room = max_gross - kept / equity
    if (wanted <= room) | (not wanted > 0.0):
        return 1.0
    return (room if room > 0.0 else 0.0) / wanted


@_compiled
def _to_lots(weight, close, quantity, equity, max_weight, scale, lot, order):
    """Orders of symbols with lots once more, cut toward zero to whole lots."""
    for s in range(weight.size):
        if (lot[s] > 0.0) & (weight[s] == weight[s]) & (close[s] == close[s]):
            capped = -max_weight if weight[s] < -max_weight else (max_weight if weight[s] > max_weight else weight[s])
            lots = capped * scale * equity / close[s] / lot[s]
            if abs(lots) < _MAX_LOTS:
                whole = np.trunc(lots)
                same = abs(quantity[s] - whole * lot[s]) < 0.5 * lot[s]
                order[s] = 0.0 if same else whole * lot[s] - quantity[s]


@_compiled
def _first(needed, values):
    """(column, value) of the first needed value that is no positive, finite number."""
    for s in range(values.size):
        if (needed[s] != 0.0) & (not ((values[s] > 0.0) & (values[s] < math.inf))):
            return s, values[s]
    return -1, 0.0


@_compiled
def _illiquid(volume, vol):
    return vol if (volume > 0.0) & (volume < math.inf) else volume


@_compiled
def _undecidable(t, weight, close):
    """Weights before prices, as the reference looks for them."""
    for s in range(weight.size):
        if (abs(weight[s]) == math.inf) & (close[s] == close[s]):
            return _WEIGHT, t, s, weight[s]
    column, value = _first(np.where(np.isnan(weight) | np.isnan(close), 0.0, 1.0), close)
    return _PRICE, t, column, value


@_compiled
def _run(market, numbers, waits, leave_from, leaves, bar_columns, costs, matrices):
    """The account over all bars, into the last three; (reason, bar, column, value) of a refusal, reason -1 for none."""
    weights, close, fill, volume, vol, lot = market
    cash, cost_bps, half_spread_bps, impact_coefficient, borrow_per_bar, credit, debit, max_weight, max_gross = numbers
    equity_usd, cash_usd, cost_usd, turnover_usd = bar_columns
    quantity, mark, filled = matrices
    symbols = lot.size
    # Rows of one matrix are known to lie together; unpacked, they would be read with a stride.
    scratch, slips = np.zeros((7, symbols)), (half_spread_bps > 0.0) | (impact_coefficient > 0.0)
    order, worth, holding, commission, spread = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    impact, cost = scratch[5], scratch[6] if slips else scratch[3]
    held, known, short, any_lot = np.zeros(symbols), np.full(symbols, np.nan), 0.0, np.any(lot > 0.0)
    for t in range(equity_usd.size):
        if t > 0:
            held, known = quantity[t - 1], mark[t - 1]
            _finance(short, cash, borrow_per_bar, credit, debit, costs[t])
        paid = costs[t, 3] + costs[t, 4]
        cash = cash - paid
        leaving = leaves[leave_from[t] : leave_from[t + 1]]
        _forget(leaving, order)
        if not _due(order, fill[t], filled[t], worth):
            column, value = _first(np.where(np.isnan(fill[t]), 0.0, order), fill[t])
            return _PRICE, t, column, value
        _close_out(leaving, held, known, filled[t], worth)
        if impact_coefficient > 0.0:
            column = _impact(impact_coefficient, filled[t], worth, volume[t], vol[t], leaving, impact)
            if column >= 0:
                return _LIQUIDITY, t, column, _illiquid(volume[t, column], vol[t, column])
        _of_value(worth, cost_bps, commission)
        if slips:
            _of_value(worth, half_spread_bps, spread)
            _together(commission, spread, impact, cost)
            costs[t, 1], costs[t, 2] = _sum(spread), _sum(impact)
        if not _mark(held, known, filled[t], close[t], quantity[t], mark[t], holding):
            column, value = _first(quantity[t], mark[t])
            return _PRICE, t, column, value
        cash, cost_usd[t], turnover_usd[t], costs[t, 0], total = _settle(cash, paid, worth, cost, commission, holding)
        equity = cash + total
        short = _short(holding) if borrow_per_bar > 0.0 else 0.0
        if not ((equity > 0.0) & (equity < math.inf)):
            return _RUIN, t, -1, equity
        equity_usd[t], cash_usd[t] = equity, cash
        scale = 1.0
        if max_gross < math.inf:
            scale = _scale(weights[t], close[t], quantity[t], holding, equity, max_weight, max_gross)
        if not _decide(weights[t], close[t], quantity[t], filled[t], equity, max_weight, scale, waits, order):
            return _undecidable(t, weights[t], close[t])
        if any_lot:
            _to_lots(weights[t], close[t], quantity[t], equity, max_weight, scale, lot, order)
    return -1, 0, 0, 0.0


def _leaving(market: Any, terms: Terms) -> tuple[Any, Any]:
    """The columns whose first bar after the last close is t: those from [t] to [t + 1] of the second."""
    bars = len(market[1])
    if terms.delisting == "keep":
        return np.zeros(bars + 1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    first_gone = last_bars(market[1]) + 1
    order = np.argsort(first_gone, kind="stable").astype(np.int64)
    return np.searchsorted(first_gone[order], np.arange(bars + 1)).astype(np.int64), order


def run_panel(market: Market, terms: Terms, into: PanelRun | None = None) -> PanelRun:
    """The reference's run, byte for byte, and its refusals at the same bar and column."""
    matrices = matched(market, terms)
    run = usable(into, matrices)
    columns = (run.equity_usd, run.cash_usd, run.cost_usd, run.turnover_usd)
    positions = (run.quantity, run.mark, run.filled)
    numbers = tuple(float(number) for number in terms[:9])
    waits = terms.missing_bar == "wait"
    reason, bar, column, value = _run(
        matrices, numbers, waits, *_leaving(matrices, terms), columns, run.costs_usd, positions
    )
    if reason >= 0:
        raise UnusableBarError(REASONS[reason], bar, column, value)
    return run


def run_panels(weights: F64, market: Market, terms: Sequence[Terms]) -> list[PanelRun]:
    """The reference's runs, one after another."""
    together = zip(weights, terms, strict=True)
    return [run_panel(market._replace(weights=own), one) for own, one in together]
