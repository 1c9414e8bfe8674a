"""Whether a frame plainly fits its schema: the answer without the fixed cost of pandera's machinery.

A yes is exact: the same columns in the same order, dtypes that pandera itself compared, no missing value where none may
be, every check read by its declared numbers. Whatever is not that plain is left to pandera, which also says what is
wrong.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandera.engines import pandas_engine
from pandera.pandas import Check, Column, DataFrameSchema


def _lengths_within(values: pd.Series, least: int, most: int) -> bool:
    counted = pc.call_function("utf8_length", [pa.array(values.array)])
    lengths = pc.call_function("min_max", [counted]).as_py()
    return lengths["min"] >= least and lengths["max"] <= most


def _all_between(values: pd.Series, least: Any, most: Any, include_min: bool, include_max: bool) -> bool:
    plain = values.to_numpy()
    return include_min and include_max and bool(((plain >= least) & (plain <= most)).all())


# By what a check declares: whether all values (at least one, none missing) pass it.
_READ: Mapping[tuple[str, tuple[str, ...]], Callable[..., bool]] = {
    ("greater_than_or_equal_to", ("min_value",)): lambda values, least: bool((values.to_numpy() >= least).all()),
    ("greater_than", ("min_value",)): lambda values, below: bool((values.to_numpy() > below).all()),
    ("in_range", ("min_value", "max_value", "include_min", "include_max")): _all_between,
    ("isin", ("allowed_values",)): lambda values, allowed: bool(values.isin(list(allowed)).all()),
    ("str_length", ("min_value", "max_value")): _lengths_within,
}


@cache
def _same_dtype(declared: Any, found: Any) -> bool:
    """pandera's own comparison of dtypes, asked once a pair; of objects it looks at each."""
    return str(found) != "object" and bool(declared.check(pandas_engine.Engine.dtype(found)))


def plainly_fits(frame: pd.DataFrame, schema: DataFrameSchema) -> bool:
    """True only where pandera would accept the frame; False says nothing."""
    if not schema.strict or not schema.ordered or schema.checks or schema.index is not None or schema.unique:
        return False
    if type(frame) is not pd.DataFrame or list(frame.columns) != list(schema.columns):
        return False
    return all(_column_fits(frame[name], column) for name, column in schema.columns.items())


def _column_fits(values: pd.Series, column: Column) -> bool:
    if column.unique or column.regex or column.coerce or not _same_dtype(column.dtype, values.dtype):
        return False
    if column.nullable:
        return not column.checks
    return not values.array.isna().any() and all(_check_holds(values, check) for check in column.checks)


def _check_holds(values: pd.Series, check: Check) -> bool:
    told: dict[str, Any] = {name: value for name, value in (check.statistics or {}).items() if value is not None}
    read = _READ.get((str(check.name), tuple(told)))
    return read is not None and (values.empty or read(values, *told.values()))
