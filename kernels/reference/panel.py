"""The panel engine, written to be read: target weights filled at the next bar, long and short, in one cash account.

The order of operations is the semantics, and the compiled engine gives the same bytes. Each bar: interest and borrow
for the time since the bar before; fills, symbols left to right, each paid before the next; marks, with holdings summed
left to right and then added to cash; orders for the next bar.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from kernels.panel_inputs import F64, Market, PanelRun, Terms, UnusableBarError, last_bars, matched, usable

# Above it float64 no longer counts in ones: there a lot is less than the rounding.
_MAX_LOTS = 2.0**53


def _is_price(value: float) -> bool:
    return 0.0 < value < math.inf


class _Account:
    """One account: the row it is at and what it holds there."""

    def __init__(self, market: Market, terms: Terms) -> None:
        matrices = self.matrices = matched(market, terms)
        self.terms, self.lot, self.last = terms, matrices[5].tolist(), last_bars(matrices[1]).tolist()
        self.weights, self.close, self.price, self.volume, self.vol = (matrix.tolist() for matrix in matrices[:5])
        symbols = range(len(self.lot))
        self.columns, self.cash, self.short_usd = symbols, terms.initial_cash_usd, 0.0
        self.quantity, self.order, self.filled = ([0.0 for _ in symbols] for _ in range(3))
        self.mark = [math.nan for _ in symbols]
        self.costs, self.cost, self.turnover = [0.0] * 5, 0.0, 0.0

    def finance(self) -> None:
        """Pay the borrow on what was short at the bar before, and interest on the cash of then."""
        rate = self.terms.credit_per_bar if self.cash > 0.0 else self.terms.debit_per_bar
        per_bar = self.terms.borrow_per_bar
        borrow, interest = self.short_usd * per_bar if per_bar > 0.0 else 0.0, 0.0 - self.cash * rate
        self.costs = [0.0, 0.0, 0.0, borrow, interest]
        self.cost = borrow + interest
        self.cash = self.cash - self.cost

    def fills(self, t: int) -> Iterator[tuple[int, float, float]]:
        """(column, quantity, price) of what trades at bar t; a delisted holding is closed at its last close."""
        for s in self.columns:
            if self.terms.delisting == "liquidate" and t == self.last[s] + 1:
                self.order[s] = 0.0
                if self.quantity[s] != 0.0:
                    yield s, -self.quantity[s], self.mark[s]
            elif self.order[s] != 0.0 and self.price[t][s] == self.price[t][s]:
                yield s, self.order[s], self.price[t][s]

    def fill(self, t: int) -> None:
        """Trade what is due at bar t: first the value, then its cost."""
        due = list(self.fills(t))
        _refuse("price", t, [(s, price) for s, _, price in due if not _is_price(price)])
        self.filled, self.turnover = [0.0 for _ in self.columns], 0.0
        for s, quantity, price in due:
            value = quantity * price
            kinds = self.fill_costs(t, s, abs(quantity), abs(value))
            cost = kinds[0] + kinds[1] + kinds[2]
            self.cash = self.cash - value - cost
            self.cost, self.turnover = self.cost + cost, self.turnover + abs(value)
            self.costs[:3] = [total + paid for total, paid in zip(self.costs[:3], kinds, strict=True)]
            self.quantity[s], self.filled[s] = self.quantity[s] + quantity, quantity
            self.order[s] = 0.0

    def fill_costs(self, t: int, s: int, quantity: float, value: float) -> tuple[float, float, float]:
        """Commission, half spread and impact of one fill."""
        terms = self.terms
        commission, spread = value * terms.cost_bps / 1e4, value * terms.half_spread_bps / 1e4
        # What is closed after its last close trades outside the market: it has no volume to move.
        if not terms.impact_coefficient > 0.0 or (terms.delisting == "liquidate" and t == self.last[s] + 1):
            return commission, spread, 0.0
        volume, vol = self.volume[t][s], self.vol[t][s]
        _refuse("liquidity", t, [(s, volume)] if not _is_price(volume) else [])
        _refuse("liquidity", t, [(s, vol)] if not 0.0 <= vol < math.inf else [])
        return commission, spread, value * (terms.impact_coefficient * vol * math.sqrt(quantity / volume))

    def value(self, t: int) -> float:
        """Equity at bar t: the last known closes are the marks."""
        self.mark = [self.mark[s] if math.isnan(price) else price for s, price in enumerate(self.close[t])]
        held = [s for s in self.columns if self.quantity[s] != 0.0]
        _refuse("price", t, [(s, self.mark[s]) for s in held if not _is_price(self.mark[s])])
        total = self.short_usd = 0.0
        for s in held:
            worth = self.quantity[s] * self.mark[s]
            total = total + worth
            self.short_usd = self.short_usd + (-worth if worth < 0.0 else 0.0)
        return self.cash + total

    def decide(self, t: int, equity: float) -> None:
        """Orders for the next bar; nothing is decided where a weight or the close to size it with is missing."""
        weight, close, terms = self.weights[t], self.close[t], self.terms
        decided = [s for s in self.columns if not math.isnan(weight[s]) and not math.isnan(close[s])]
        _refuse("weight", t, [(s, weight[s]) for s in decided if math.isinf(weight[s])])
        _refuse("price", t, [(s, close[s]) for s in decided if not _is_price(close[s])])
        capped = {s: min(max(weight[s], -terms.max_weight), terms.max_weight) for s in decided}
        scale = self.scale(capped, equity)
        if terms.missing_bar == "lapse":
            self.order = [0.0 for _ in self.columns]
        for s in decided:
            self.order[s] = self.to_trade(s, capped[s] * scale * equity / close[s])

    def scale(self, capped: dict[int, float], equity: float) -> float:
        """What decided weights are multiplied with so that, with what is held besides, gross is within its cap."""
        if self.terms.max_gross == math.inf:
            return 1.0
        wanted = kept = 0.0
        for s in self.columns:
            if s in capped:
                wanted = wanted + abs(capped[s])
            elif self.quantity[s] != 0.0:
                kept = kept + abs(self.quantity[s] * self.mark[s])
        room = self.terms.max_gross - kept / equity
        return 1.0 if wanted <= room else (room if room > 0.0 else 0.0) / wanted if wanted > 0.0 else 1.0

    def to_trade(self, s: int, wanted: float) -> float:
        """From what is held to what is wanted, cut toward zero to whole lots: never more than the weight asks for."""
        lot, held = self.lot[s], self.quantity[s]
        lots = wanted / lot if lot > 0.0 else math.inf
        if not abs(lots) < _MAX_LOTS:
            return wanted - held
        whole = float(math.trunc(lots))
        # A holding is a multiple of its lot up to rounding: that much is no order.
        return 0.0 if abs(held - whole * lot) < 0.5 * lot else whole * lot - held


def _refuse(reason: Literal["price", "weight", "liquidity"], bar: int, wrong: list[tuple[int, float]]) -> None:
    if wrong:
        raise UnusableBarError(reason, bar, *wrong[0])


def run_panel(market: Market, terms: Terms, into: PanelRun | None = None) -> PanelRun:
    """Run the account over T bars of S symbols, into buffers of `panel_buffers(T, S)` or into fresh ones.

    The decision of bar t is sized with equity and close of t and filled at `fill` of t + 1, or by `missing_bar` where
    there is none, so the last bar's is never filled. Cash may go negative.
    Raises UnusableBarError for prices, weights and liquidity that a trade or a mark needs, and when equity is not
    positive; the buffers then hold nothing that means anything.
    """
    account = _Account(market, terms)
    run = usable(into, account.matrices)
    for t in range(len(account.close)):
        if t:
            account.finance()
        account.fill(t)
        equity = account.value(t)
        if not _is_price(equity):
            raise UnusableBarError("ruin", t, -1, equity)
        _write(run, t, account, equity)
        account.decide(t, equity)
    return run


def run_panels(weights: F64, market: Market, terms: Sequence[Terms]) -> list[PanelRun]:
    """Independent accounts in one market: weights (P, T, S) and P terms; the market's own weights are not looked at.

    Raises UnusableBarError for the first account that cannot go on.
    """
    together = zip(weights, terms, strict=True)
    return [run_panel(market._replace(weights=own), one) for own, one in together]


def _write(run: PanelRun, t: int, account: _Account, equity: float) -> None:
    rows: tuple[tuple[F64, object], ...] = (
        (run.equity_usd, equity), (run.cash_usd, account.cash), (run.cost_usd, account.cost),
        (run.turnover_usd, account.turnover), (run.costs_usd, account.costs), (run.quantity, account.quantity),
        (run.mark, account.mark), (run.filled, account.filled),
    )  # fmt: skip
    for matrix, row in rows:
        matrix[t] = row
