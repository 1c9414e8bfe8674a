"""The tables of the lake: columns, row order and why each exists. `modules.tables` declares the columns, once.

Traces, trials, batches and verdicts are declared here: no module exchanges them, the loop itself writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandera.pandas as pandera
import pyarrow as pa

from modules import tables as declared

ARROW_TYPES = {"int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_(), "str": pa.string()}


@dataclass(frozen=True)
class TableSpec:
    """`schema` is the exact column order and types of every frame; `sort` the row order (empty: as committed)."""

    name: str
    schema: pa.Schema
    sort: tuple[str, ...]
    why: str


def arrow_schema(schema: pandera.DataFrameSchema) -> pa.Schema:
    """The Arrow schema of a pandera schema. A nullable float holds NaN, which is a value: only text can hold null."""
    return pa.schema(
        [
            pa.field(str(name), kind, nullable=bool(column.nullable) and kind == pa.string())
            for name, column in schema.columns.items()
            for kind in [_arrow_type(column)]
        ]
    )


def _arrow_type(column: pandera.Column) -> pa.DataType:
    # pandera spells pandas' `str` dtype by its storage: string[pyarrow].
    name = str(column.dtype)
    return ARROW_TYPES["str" if name.startswith("string[") else name]


def plain_schema(columns: str) -> pa.Schema:
    """`"name:str rows:int64"` as a schema without nulls."""
    pairs = [column.split(":") for column in columns.split()]
    return pa.schema([pa.field(name, ARROW_TYPES[kind], nullable=False) for name, kind in pairs])


_STAGE = plain_schema("stage:str module:str")
_QUARANTINE = pa.schema([*arrow_schema(declared.REFUSED), *_STAGE])
_SPECS = (
    # name, schema, name of the declared row order, why
    ("raw_bars", arrow_schema(declared.RAW_BARS), "raw_bars", "records as received, before any judgement"),
    ("ohlcv", arrow_schema(declared.BARS), "bars", "clean bars: what features and backtests see"),
    ("sessions", arrow_schema(declared.SESSIONS), "sessions", "when each venue trades: days, half days, lunch breaks"),
    ("instruments", arrow_schema(declared.INSTRUMENTS), "instruments", "symbols with validity dates, lots and ticks"),
    ("corporate_actions", arrow_schema(declared.ACTIONS), "actions", "splits and dividends"),
    ("features", arrow_schema(declared.SIGNAL), "signal", "one feature of one strategy a part"),
    ("weights", arrow_schema(declared.WEIGHTS), "weights", "what a strategy wants to hold"),
    ("equity", arrow_schema(declared.EQUITY), "equity", "account value after each bar of a backtest"),
    ("stats", arrow_schema(declared.STATS), "stats", "figures of a backtest"),
    ("holdings", arrow_schema(declared.HOLDINGS), "holdings", "what a backtest holds after each bar"),
    ("trades", arrow_schema(declared.TRADES), "trades", "what a backtest traded"),
    (
        "costs_by_kind",
        arrow_schema(declared.COSTS_BY_KIND),
        "costs_by_kind",
        "what each bar of a backtest cost, by kind",
    ),
    ("intervals", arrow_schema(declared.INTERVALS), "intervals", "bootstrap intervals of a backtest's figures"),
    (
        "deflated",
        arrow_schema(declared.DEFLATED),
        "deflated",
        "deflated Sharpe as of a number of trials: a view that moves",
    ),
    ("positions", arrow_schema(declared.POSITIONS), "positions", "lots held after the fills"),
    ("targets", arrow_schema(declared.TARGETS), "targets", "lots to hold, before any order"),
    ("orders", arrow_schema(declared.ORDERS), "orders", "orders as sent"),
    ("parents", arrow_schema(declared.PARENTS), "parents", "orders as the gateway got them"),
    ("executions", arrow_schema(declared.EXECUTIONS), "executions", "what the risk core's journal says came back"),
    ("fills", arrow_schema(declared.FILLS), "fills", "executions as reported"),
    ("breaks", arrow_schema(declared.BREAKS), "breaks", "where orders, fills and positions disagree"),
    ("book", arrow_schema(declared.BOOK), "book", "account value of the executed book after each bar"),
    ("quarantine", _QUARANTINE, "refused", "refused rows with reason"),
)
# JSON text holds what has no fixed shape (settings, hashes by name): a map column would need an order of its own.
_TRACES = plain_schema(
    "trace_id:str run_id:str ts_avail:int64 strategy:str unit_stage:str stage:str module:str settings_hash:str "
    "settings:str skills:str inputs:str outputs:str rows_in:int64 rows_out:int64 rows_refused:int64 "
    "wall_ns:int64 cpu_ns:int64 peak_rss_rise_kb:int64 checks:str warnings:str error:str signature:str profile:str"
)
_TRIALS = plain_schema(
    "key:str ts_avail:int64 strategy:str settings_hash:str data:str folds:str code:str looks:int64 sharpe:float64"
)
# Owned by the gate: nothing that proposes a patch may read them.
_VERDICTS = plain_schema(
    "id:str ts_avail:int64 batch:str patch:str module:str judge:str finding:str kind:str reason:str outcome:str "
    "p:float64 p_alone:float64 batch_p:float64 effect:float64 standard_error:float64 variants:int64 blocks:float64 "
    "annual_effect:float64 placebo:bool detail:str"
)
_DELTAS = plain_schema("unit:str ts_event:int64 baseline:float64 delta:float64")

# One row a set, in the order of their numbers; a sweep's set is one parameter set on one symbol.
_BATCHES = plain_schema(
    "set:int64 key:str symbol:str parameters:str bar_count:int64 order_count:int64 final_usd:float64 "
    "total_return:float64 max_drawdown:float64 sharpe:float64 sharpe_per_bar:float64 turnover_usd:float64 "
    "cost_usd:float64 skew:float64 kurtosis:float64 why:str"
)
_BATCH_RETURNS = plain_schema("key:str ts_event:int64 ret:float64")

TABLES: Mapping[str, TableSpec] = {
    **{name: TableSpec(name, schema, declared.sort_columns(order), why) for name, schema, order, why in _SPECS},
    "module_traces": TableSpec("module_traces", _TRACES, (), "what each module run did"),
    "batches": TableSpec("batches", _BATCHES, ("set",), "the figures of every set of a batch of backtests"),
    "batch_returns": TableSpec(
        "batch_returns", _BATCH_RETURNS, ("key", "ts_event"), "returns per bar of small batches"
    ),
    "trials": TableSpec("trials", _TRIALS, (), "every backtest that anybody looked at"),
    "verdicts": TableSpec(
        "verdicts", _VERDICTS, (), "what the gate said of each patch, a part a batch or lone verdict"
    ),
    "deltas": TableSpec(
        "deltas", _DELTAS, ("unit", "ts_event"), "paired daily returns of an ablation, a part a verdict"
    ),
}
