"""What may enter a table: Great Expectations suites at the lake's edge, shown as Dagster asset checks.

Modules check what they did; a suite checks what the table promises to everybody who reads it. Great Expectations takes
seconds to import, so it is imported when the first suite is judged.
"""

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from cws.lake.tables import TABLES
from modules.errors import CwsError
from modules.ingest.symbols import SYMBOL_PATTERN

# What ingest lets through with its MIC: a narrower rule here would stop a whole dataset for one ^VIX.
SYMBOL_REGEX = rf"^{SYMBOL_PATTERN}\.[A-Z0-9]{{4}}$"
# expectation type -> its arguments, once a column or table
Expectations = tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class Suite:
    why: str
    expectations: Expectations


@dataclass(frozen=True)
class Verdict:
    passed: bool
    summary: Mapping[str, Any]


def _positive(column: str) -> tuple[str, dict[str, Any]]:
    return "expect_column_values_to_be_between", {"column": column, "min_value": 0, "strict_min": True}


def _unique(*columns: str) -> tuple[str, dict[str, Any]]:
    if len(columns) == 1:
        return "expect_column_values_to_be_unique", {"column": columns[0]}
    return "expect_compound_columns_to_be_unique", {"column_list": list(columns)}


def _symbol() -> tuple[str, dict[str, Any]]:
    return "expect_column_values_to_match_regex", {
        "column": "symbol",
        "regex": SYMBOL_REGEX,
    }


def _ordered(low: str, high: str) -> tuple[str, dict[str, Any]]:
    return "expect_column_pair_values_a_to_be_greater_than_b", {
        "column_A": high,
        "column_B": low,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }


SUITES: Mapping[str, Suite] = {
    "ohlcv": Suite(
        "One bar per symbol and stamp, known only after it ended, positive and ordered prices.",
        (
            _unique("symbol", "ts_event"),
            _symbol(),
            _positive("close"),
            _ordered("low", "high"),
            _ordered("ts_event", "ts_avail"),
        ),
    ),
    "instruments": Suite(
        "One row per symbol and validity, positive lots and ticks, ISO currency.",
        (
            _unique("symbol", "valid_from_ns"),
            _symbol(),
            _positive("lot_size"),
            _positive("tick_size"),
            ("expect_column_values_to_match_regex", {"column": "currency", "regex": "^[A-Z]{3}$"}),
            _ordered("valid_from_ns", "valid_to_ns"),
        ),
    ),
    "targets": Suite(
        "One target per symbol and stamp, at a positive reference price, never more than ten times the account.",
        (
            _unique("symbol", "ts_event"),
            _symbol(),
            _positive("reference_price"),
            ("expect_column_values_to_be_between", {"column": "weight", "min_value": -10, "max_value": 10}),
        ),
    ),
    "fills": Suite(
        "Each execution once, whole positive lots at a positive price, no negative commission, venue known.",
        (
            _unique("exec_id"),
            _symbol(),
            _positive("last_qty"),
            _positive("last_px"),
            ("expect_column_values_to_be_between", {"column": "commission_usd", "min_value": 0}),
            ("expect_column_values_to_be_in_set", {"column": "side", "value_set": ["buy", "sell"]}),
            ("expect_column_values_to_be_in_set", {"column": "venue", "value_set": ["CWSX", "PAPER"]}),
        ),
    ),
}


def _gx() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import: no figure of a desk leaves the machine
    import logging

    import great_expectations

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return great_expectations


def _snake_to_camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _named(expectation: Any) -> str:
    """An expectation by its type and the columns that it is about."""
    about: Mapping[str, Any] = expectation.kwargs
    columns = [about[key] for key in ("column", "column_A", "column_B") if key in about] + about.get("column_list", [])
    return f"{expectation.type} {', '.join(columns)}"


@cache
def _definition(gx: Any, table: str) -> Any:
    """What a frame becomes a batch of. Kept: to set it up costs a quarter of what a small table costs to judge."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset(table)
    return asset.add_batch_definition_whole_dataframe("all")


def judge(table: str, frame: pd.DataFrame) -> Verdict:
    """Hold a frame against its table's suite; an empty frame passes when its columns are right.

    Raises CWS-SUITE-001 for a frame without the table's columns.
    """
    expected = TABLES[table].schema.names
    if list(frame.columns) != expected:
        raise CwsError(
            "CWS-SUITE-001",
            what=f"columns {list(frame.columns)}",
            where=f"table {table}",
            fix=f"give exactly {expected}",
        )
    gx = _gx()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expectations = [
            getattr(gx.expectations, _snake_to_camel(kind))(**arguments)
            for kind, arguments in SUITES[table].expectations
        ]
        batch = _definition(gx, table).get_batch(batch_parameters={"dataframe": frame})
        result = batch.validate(gx.ExpectationSuite(name=table, expectations=expectations))
    failed = [_named(r.expectation_config) for r in result.results if not r.success]
    summary = {"rows": len(frame), "expectations": len(result.results), "failed": "; ".join(failed) or "none"}
    return Verdict(bool(result.success), summary)
