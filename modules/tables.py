"""The tables that modules exchange, declared once: the name of a schema is the name of the table.

The lake derives its Arrow schemas from here, so a column exists in one place. Every schema is strict and ordered:
a missing, extra, reordered or mistyped column is refused. Prices are in the instrument's currency; NaN in a field
means that the source does not carry it.
"""

import pandera.pandas as pa

_TEXT = pa.Check.str_length(1, 256)
_PRICES = ("open", "high", "low", "close", "adj_close", "volume")


def _schema(name: str, /, **columns: pa.Column) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(dict(columns), name=name, strict=True, ordered=True)


def _real() -> pa.Column:
    return pa.Column("float64", nullable=True)


def _number() -> pa.Column:
    return pa.Column("float64")


def _count() -> pa.Column:
    return pa.Column("int64", pa.Check.ge(0))


def _integer() -> pa.Column:
    return pa.Column("int64")


def _text() -> pa.Column:
    return pa.Column("str", _TEXT)


def _keyed(name: str, /, **columns: pa.Column) -> pa.DataFrameSchema:
    """A panel in long form: one row per (symbol, ts_event), sorted by both."""
    return _schema(name, ts_event=_count(), ts_avail=_count(), symbol=_text(), **columns)


# One row per record of a source, stamps as received; `row` is the 1-based data row in `source`.
RAW_BARS = _schema(
    "raw_bars", source=_text(), row=_count(), symbol=_text(), stamp=_text(), **{p: _real() for p in _PRICES}
)
# Refused rows: the module's reason and the whole record as JSON. The runner adds stage and module.
REFUSED = _schema("refused", source=_text(), row=_count(), symbol=_text(), reason=_text(), record=pa.Column("str"))
SESSIONS = _schema(
    "sessions",
    mic=_text(),
    date=_text(),
    open_ns=_count(),
    close_ns=_count(),
    break_start_ns=_integer(),
    break_end_ns=_integer(),
    half_day=pa.Column("bool"),
)
INSTRUMENTS = _schema(
    "instruments",
    symbol=_text(),
    mic=_text(),
    currency=_text(),
    calendar=_text(),
    lot_size=_number(),
    tick_size=_number(),
    valid_from_ns=_count(),
    valid_to_ns=_count(),
)
# `age_bars` is 0 on an observed bar and counts up on a filled one.
BARS = _keyed("bars", **{p: _real() for p in _PRICES}, age_bars=_count(), source=_text(), row=_count())
# kind is split (ratio = new shares per old) or dividend (amount per share, in the currency of the price).
ACTIONS = _schema("actions", ts_event=_count(), symbol=_text(), kind=_text(), ratio=_number(), amount=_number())
RETURNS = _keyed("returns", value=_real())
SIGNAL = _keyed("signal", value=_real())
VOL = _keyed("vol", value=_real())  # per bar, not annualised
# A NaN weight means "no decision at this bar: hold".
WEIGHTS = _keyed("weights", weight=_real())
# Account value after each bar, in the account currency; `cost_usd` is what this bar's fills cost.
EQUITY = _schema(
    "equity", ts_event=_count(), equity_usd=_number(), cash_usd=_number(), cost_usd=_number(), turnover_usd=_number()
)
HOLDINGS = _keyed("holdings", quantity=_number(), price=_real(), value_usd=_number())
TRADES = _schema("trades", ts_event=_count(), symbol=_text(), quantity=_number(), price=_number())
# What each bar cost the account, by kind: fills, then what is paid for the time since the bar before.
COSTS_BY_KIND = _schema(
    "costs_by_kind",
    ts_event=_count(),
    commission_usd=_number(),
    half_spread_usd=_number(),
    impact_usd=_number(),
    borrow_usd=_number(),
    interest_usd=_number(),
)
COSTS = _schema("costs", ts_event=_count(), symbol=_text(), cost_usd=_number())
# One row per statistic: `value` is NaN where it cannot be said, and `why` then says why.
STATS = _schema("stats", name=_text(), value=_real(), why=pa.Column("str"))
INTERVALS = _schema("intervals", name=_text(), low=_real(), high=_real(), level=_number())
DEFLATED = _schema("deflated", name=_text(), value=_real(), why=pa.Column("str"))
# Every other distinct trial of the same strategy; its Sharpe ratio (per bar, not annualised) is NaN where it crashed or
# had no performance: it was a look all the same.
PRIOR_TRIALS = _schema("prior_trials", key=_text(), sharpe=_real())
# Returns per bar of trials, one row a trial and bar: what judges many trials together takes.
TRIAL_RETURNS = _schema("trial_returns", key=_text(), ts_event=_count(), ret=_number())
# What is said of many trials together, each module's in a table of its own: like `deflated`, views that move with the
# count of trials, so never part of a hashed result.
OVERFITTING = _schema("overfitting", name=_text(), value=_real(), why=pa.Column("str"))
SUPERIORITY = _schema("superiority", name=_text(), value=_real(), why=pa.Column("str"))
SUPERIOR = _schema("superior", key=_text(), sharpe=_number())
CROSS_VALIDATION = _schema("cross_validation", name=_text(), value=_real(), why=pa.Column("str"))
TRIAL_INTERVALS = _schema("trial_intervals", name=_text(), low=_real(), high=_real(), level=_number())
PATHS = _schema("paths", path=_count(), sharpe=_number())
# One row a symbol and parameter set of a sweep; `first` to `sixth` are its parameters in the rule's order.
SWEEP = _schema(
    "sweep",
    symbol=_text(),
    set=_count(),
    first=_real(),
    second=_real(),
    third=_real(),
    fourth=_real(),
    fifth=_real(),
    sixth=_real(),
    bar_count=_count(),
    final_usd=_number(),
    sharpe_per_bar=_real(),
    max_drawdown=_number(),
    turnover_usd=_number(),
    order_count=_count(),
)
SWEEP_CURVES = _schema("sweep_curves", symbol=_text(), set=_count(), ts_event=_count(), equity_usd=_number())
# Quantities on orders and positions are whole lots of the instrument.
TARGETS = _keyed("targets", target_lots=_integer(), weight=_real(), reference_price=_number())
ORDERS = _schema(
    "orders",
    ts_event=_count(),
    symbol=_text(),
    cl_ord_id=_text(),
    side=_text(),
    order_qty=pa.Column("int64", pa.Check.gt(0)),
    ord_type=_text(),
    time_in_force=_text(),
    reference_price=_number(),
)
FILLS = _schema(
    "fills",
    ts_event=_count(),
    symbol=_text(),
    cl_ord_id=_text(),
    exec_id=_text(),
    side=_text(),
    last_qty=pa.Column("int64", pa.Check.gt(0)),
    last_px=pa.Column("int64", pa.Check.gt(0)),
    commission_usd=_number(),
    venue=_text(),
)
# What every parent order of a submission carries besides itself, in one row; `execution` is `native` or `paper`.
SUBMISSION = _schema(
    "submission",
    strategy=_text(),
    strategy_no=pa.Column("int64", pa.Check.in_range(1, 65_535)),
    execution=pa.Column("str", pa.Check.isin(["native", "paper"])),
    patch=_text(),
    data_version=_text(),
    ledger_id=_text(),
)
# Orders for the gateway: what is on the wire counts in `unit_size`, what is in `orders` counts in lots.
PARENTS = _schema(
    "parents",
    ts_event=_count(),
    symbol=_text(),
    cl_ord_id=_text(),
    parent_id=pa.Column("int64", pa.Check.gt(0)),
    strategy=_text(),
    strategy_no=pa.Column("int64", pa.Check.in_range(1, 65_535)),
    side=_text(),
    wire_qty=pa.Column("int64", pa.Check.gt(0)),
    slice_qty=pa.Column("int64", pa.Check.gt(0)),
    unit_size=_number(),
    limit_px=_count(),
    quote_px=_count(),
    tick_px=pa.Column("int64", pa.Check.gt(0)),
    start_ns=_count(),
    end_ns=_count(),
    style=_text(),
    patch=_text(),
    data_version=_text(),
    ledger_id=_text(),
)
# What the risk core's journal says came back, one row a sequenced message or a refusal.
EXECUTIONS = _schema(
    "executions",
    seq=_count(),
    ts_event=_count(),
    parent_id=_count(),
    order_id=_text(),
    kind=_text(),
    match_number=_count(),
    wire_qty=_count(),
    last_px=_count(),
    reason=pa.Column("str"),
)
POSITIONS = _keyed("positions", position_lots=_integer(), price=_number(), value_usd=_number())
BOOK = _schema(
    "book", ts_event=_count(), equity_usd=_number(), cash_usd=_number(), cost_usd=_number(), turnover_usd=_number()
)
BREAKS = _schema("breaks", cl_ord_id=_text(), symbol=_text(), kind=_text(), expected=_number(), found=_number())

SORT: dict[str, tuple[str, ...]] = {
    "raw_bars": ("source", "row", "symbol"),
    "refused": (),
    "sessions": ("mic", "open_ns"),
    "instruments": ("symbol", "valid_from_ns"),
    "actions": ("symbol", "ts_event", "kind"),
    "equity": ("ts_event",),
    "costs_by_kind": ("ts_event",),
    "book": ("ts_event",),
    "trades": ("ts_event", "symbol"),
    "costs": ("ts_event", "symbol"),
    "orders": ("ts_event", "symbol", "cl_ord_id"),
    "fills": ("ts_event", "symbol", "cl_ord_id"),
    "breaks": ("cl_ord_id",),
    "submission": ("strategy",),
    "parents": ("ts_event", "symbol", "cl_ord_id"),
    "executions": ("seq",),
    "prior_trials": ("key",),
    "stats": ("name",),
    "intervals": ("name",),
    "deflated": ("name",),
    "trial_returns": ("key", "ts_event"),
    "overfitting": ("name",),
    "superiority": ("name",),
    "superior": ("key",),
    "cross_validation": ("name",),
    "paths": ("path",),
    "trial_intervals": ("name",),
    "sweep": ("symbol", "set"),
    "sweep_curves": ("symbol", "set", "ts_event"),
}
PANEL_SORT = ("symbol", "ts_event")


def sort_columns(name: str) -> tuple[str, ...]:
    """The declared row order of a table: what `canonical` bytes presuppose and what a commit verifies."""
    return SORT.get(name, PANEL_SORT)
