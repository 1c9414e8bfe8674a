"""The panel engine of kernels/reference on a CUDA device: one thread an account.

Shared cash makes an account sequential: each fill is paid from what the one before left, over symbols and over bars. So
nothing inside an account runs side by side, and one account alone is slower here than on a processor; what is parallel
is accounts, other weights or other terms in one market. Accounts are the last axis on the device: neighbouring threads
read the same price and write neighbouring cells. All outputs of a launch stand on the device at once:
24 bytes an account, bar and symbol, and 8 for its weights.
"""

# Compiled functions take the types of their call, so their parameters carry none here.
# pyright: reportMissingParameterType=false

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import cuda as _cuda

from kernels.gpu.arithmetic import times
from kernels.panel_inputs import (
    COST_KINDS,
    F64,
    REASONS,
    Market,
    PanelRun,
    Terms,
    UnusableBarError,
    last_bars,
    matched,
    usable,
)

# What numba's stubs say of its CUDA functions is not what they take.
cuda: Any = _cuda
THREADS = 64
_PRICE, _WEIGHT, _RUIN, _LIQUIDITY = (float(REASONS.index(name)) for name in ("price", "weight", "ruin", "liquidity"))
_MAX_LOTS = 2.0**53
# Rows of `numbers`: the fields of Terms in their order, the two rules as 0.0 or 1.0.
_CASH, _FEE, _SPREAD, _IMPACT, _BORROW, _CREDIT, _DEBIT, _MAX_WEIGHT, _MAX_GROSS, _WAITS, _LIQUIDATES = range(11)
# Rows of `columns`: what an account has after a bar.
_EQUITY, _MONEY, _COST, _TURNOVER = range(4)


def _device(function: Any) -> Any:
    return cuda.jit(function, device=True)


@_device
def _is_price(value):
    return value > 0.0 and value < math.inf


@_device
def _refuse(refusal, p, reason, t, s, value):
    """Note why the account cannot go on; always False."""
    refusal[0, p], refusal[1, p], refusal[2, p], refusal[3, p] = reason, t, s, value
    return False


@_device
def _finance(t, p, cash, short, numbers, costs):
    """Cash after the borrow and the interest of bar t."""
    rate = numbers[_CREDIT, p] if cash > 0.0 else numbers[_DEBIT, p]
    borrow = times(short, numbers[_BORROW, p]) if numbers[_BORROW, p] > 0.0 else 0.0
    interest = 0.0 - times(cash, rate)
    costs[t, 3, p], costs[t, 4, p] = borrow, interest
    return cash - (borrow + interest)


@_device
def _due(t, s, p, numbers, fill, last, order, quantity, mark):
    """(quantity, price) of what trades; a delisted holding is closed at its last close. 0.0 where nothing trades."""
    if numbers[_LIQUIDATES, p] > 0.0 and t == last[s] + 1:
        if t > 0 and quantity[t - 1, s, p] != 0.0:
            return -quantity[t - 1, s, p], mark[t - 1, s, p]
        return 0.0, 0.0
    if order[s, p] != 0.0 and fill[t, s] == fill[t, s]:
        return order[s, p], fill[t, s]
    return 0.0, 0.0


@_device
def _fill(t, p, cash, numbers, fill, volume, vol, last, order, quantity, mark, filled, columns, costs, refusal):
    """Trade what is due at bar t, first the value and then its cost; whether all of it could be traded."""
    for s in range(last.size):
        filled[t, s, p], price = _due(t, s, p, numbers, fill, last, order, quantity, mark)
        if filled[t, s, p] != 0.0 and not _is_price(price):
            return _refuse(refusal, p, _PRICE, t, s, price)
    cost, turnover, fees, spreads, impacts = costs[t, 3, p] + costs[t, 4, p], 0.0, 0.0, 0.0, 0.0
    for s in range(last.size):
        traded, price = _due(t, s, p, numbers, fill, last, order, quantity, mark)
        leaves = numbers[_LIQUIDATES, p] > 0.0 and t == last[s] + 1
        if traded != 0.0:
            value = times(traded, price)
            size = abs(value)
            fee, spread, impact = times(size, numbers[_FEE, p]) / 1e4, times(size, numbers[_SPREAD, p]) / 1e4, 0.0
            if numbers[_IMPACT, p] > 0.0 and not leaves:
                if not _is_price(volume[t, s]):
                    return _refuse(refusal, p, _LIQUIDITY, t, s, volume[t, s])
                if not (vol[t, s] >= 0.0 and vol[t, s] < math.inf):
                    return _refuse(refusal, p, _LIQUIDITY, t, s, vol[t, s])
                share = times(times(numbers[_IMPACT, p], vol[t, s]), math.sqrt(abs(traded) / volume[t, s]))
                impact = times(size, share)
            paid = fee + spread + impact
            cash = cash - value - paid
            cost, turnover = cost + paid, turnover + size
            fees, spreads, impacts = fees + fee, spreads + spread, impacts + impact
        if traded != 0.0 or leaves:
            order[s, p] = 0.0
    columns[t, _MONEY, p], columns[t, _COST, p], columns[t, _TURNOVER, p] = cash, cost, turnover
    costs[t, 0, p], costs[t, 1, p], costs[t, 2, p] = fees, spreads, impacts
    return True


@_device
def _value(t, p, close, quantity, mark, filled, columns, refusal):
    """(whether every holding has a price, value then short); the last known closes are the marks."""
    total = short = 0.0
    for s in range(close.shape[1]):
        held, known = (quantity[t - 1, s, p], mark[t - 1, s, p]) if t > 0 else (0.0, math.nan)
        held = held + filled[t, s, p] if filled[t, s, p] != 0.0 else held
        price = close[t, s] if close[t, s] == close[t, s] else known
        quantity[t, s, p], mark[t, s, p] = held, price
        if held != 0.0:
            if not _is_price(price):
                return _refuse(refusal, p, _PRICE, t, s, price), 0.0
            worth = times(held, price)
            total = total + worth
            short = short + (-worth if worth < 0.0 else 0.0)
    columns[t, _EQUITY, p] = columns[t, _MONEY, p] + total
    return True, short


@_device
def _capped(weight, most):
    return -most if weight < -most else (most if weight > most else weight)


@_device
def _scale(t, p, numbers, weights, close, quantity, mark, equity):
    """What decided weights are multiplied with so that, with what is held besides, gross is within its cap."""
    wanted = kept = 0.0
    if numbers[_MAX_GROSS, p] == math.inf:
        return 1.0
    for s in range(close.shape[1]):
        if weights[t, s, p] == weights[t, s, p] and close[t, s] == close[t, s]:
            wanted = wanted + abs(_capped(weights[t, s, p], numbers[_MAX_WEIGHT, p]))
        elif quantity[t, s, p] != 0.0:
            kept = kept + abs(times(quantity[t, s, p], mark[t, s, p]))
    room = numbers[_MAX_GROSS, p] - kept / equity
    if wanted <= room or not wanted > 0.0:
        return 1.0
    return (room if room > 0.0 else 0.0) / wanted


@_device
def _to_trade(wanted, held, lot):
    """From what is held to what is wanted, cut toward zero to whole lots."""
    lots = wanted / lot if lot > 0.0 else math.inf
    if not abs(lots) < _MAX_LOTS:
        return wanted - held
    whole = times(float(int(lots)), lot)
    return 0.0 if abs(held - whole) < times(0.5, lot) else whole - held


@_device
def _decide(t, p, numbers, weights, close, lot, quantity, mark, equity, order, refusal):
    """Orders for the next bar; whether every weight and price they need is one. Weights are looked at before prices."""
    for s in range(close.shape[1]):
        if abs(weights[t, s, p]) == math.inf and close[t, s] == close[t, s]:
            return _refuse(refusal, p, _WEIGHT, t, s, weights[t, s, p])
    for s in range(close.shape[1]):
        decided = weights[t, s, p] == weights[t, s, p] and close[t, s] == close[t, s]
        if decided and not _is_price(close[t, s]):
            return _refuse(refusal, p, _PRICE, t, s, close[t, s])
    scale = _scale(t, p, numbers, weights, close, quantity, mark, equity)
    for s in range(close.shape[1]):
        if weights[t, s, p] == weights[t, s, p] and close[t, s] == close[t, s]:
            capped = _capped(weights[t, s, p], numbers[_MAX_WEIGHT, p])
            wanted = times(times(capped, scale), equity) / close[t, s]
            order[s, p] = _to_trade(wanted, quantity[t, s, p], lot[s])
        elif not numbers[_WAITS, p] > 0.0:
            order[s, p] = 0.0
    return True


@cuda.jit
def _run(numbers, weights, close, fill, volume, vol, lot, last, order, columns, costs, quantity, mark, filled, refusal):
    """One thread an account; a refusal (reason, bar, column, value) has reason -1.0 where there is none."""
    p = cuda.grid(1)
    if p >= numbers.shape[1]:
        return
    cash, short, goes_on = numbers[_CASH, p], 0.0, True
    for t in range(close.shape[0]):
        if t > 0:
            cash = _finance(t, p, cash, short, numbers, costs)
        goes_on = _fill(
            t, p, cash, numbers, fill, volume, vol, last, order, quantity, mark, filled, columns, costs, refusal
        )
        if goes_on:
            cash = columns[t, _MONEY, p]
            goes_on, short = _value(t, p, close, quantity, mark, filled, columns, refusal)
        if goes_on:
            equity = columns[t, _EQUITY, p]
            if not _is_price(equity):
                _refuse(refusal, p, _RUIN, t, -1, equity)
                return
            goes_on = _decide(t, p, numbers, weights, close, lot, quantity, mark, equity, order, refusal)
        if not goes_on:
            return


def _numbers(terms: Sequence[Terms]) -> F64:
    """(11, P) the terms as the kernel reads them."""
    rules = ((*one[:9], one.missing_bar == "wait", one.delisting == "liquidate") for one in terms)
    return np.array([[float(number) for number in row] for row in rules], dtype=np.float64).T.copy()


def _account(outputs: Sequence[F64], p: int, into: PanelRun) -> PanelRun:
    """Account p of a launch, written into its buffers."""
    columns, costs, quantity, mark, filled, refusal = outputs
    reason, bar, column, value = refusal[:, p].tolist()
    if reason >= 0.0:
        raise UnusableBarError(REASONS[int(reason)], int(bar), int(column), value)
    for place, target in enumerate((into.equity_usd, into.cash_usd, into.cost_usd, into.turnover_usd)):
        target[:] = columns[:, place, p]
    into.costs_usd[:] = costs[:, :, p]
    for target, made in ((into.quantity, quantity), (into.mark, mark), (into.filled, filled)):
        target[:] = made[:, :, p]
    return into


def _launched(weights: F64, market: Market, terms: Sequence[Terms]) -> list[F64]:
    """All accounts side by side: columns, costs, quantity, mark, filled, refusal, each with accounts last."""
    given = [matched(market._replace(weights=own), one) for own, one in zip(weights, terms, strict=True)]
    # Those of an account that pays impact, where there is one: the others have empty liquidity.
    _, close, fill, volume, vol, lot = max(given, key=lambda matrices: matrices[3].size)
    bars, symbols, accounts = *close.shape, len(given)
    read = (_numbers(terms), np.stack([one[0] for one in given], axis=-1), close, fill, volume, vol, lot)
    shapes = [(bars, 4), (bars, len(COST_KINDS)), *[(bars, symbols)] * 3, (4,)]
    written = [np.zeros((symbols, accounts)), *(np.zeros((*shape, accounts)) for shape in shapes)]
    written[-1][0] = -1.0
    on_device = [cuda.to_device(np.ascontiguousarray(array)) for array in (*read, last_bars(close), *written)]
    _run[(accounts + THREADS - 1) // THREADS, THREADS](*on_device)
    return [array.copy_to_host() for array in on_device[-len(shapes) :]]


def run_panel(market: Market, terms: Terms, into: PanelRun | None = None) -> PanelRun:
    """The reference's run: one account is one thread."""
    run = usable(into, matched(market, terms))
    if not len(run.equity_usd):
        return run
    return _account(_launched(np.asarray(market.weights, dtype=np.float64)[None], market, [terms]), 0, run)


def run_panels(weights: F64, market: Market, terms: Sequence[Terms]) -> list[PanelRun]:
    """The reference's runs, all at once."""
    if not len(terms) or not len(market.close):
        pairs = zip(weights, terms, strict=True)
        return [run_panel(market._replace(weights=own), one) for own, one in pairs]
    outputs = _launched(weights, market, terms)
    return [_account(outputs, p, usable(None, (market.fill, market.close))) for p in range(len(terms))]
