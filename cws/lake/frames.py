"""What may enter a table: exactly the declared columns, types, holes and row order. Nothing is repaired here."""

import numpy as np
import pandas as pd
import pyarrow as pa

from cws.lake.tables import TableSpec
from modules.canonical import json_hash, to_arrow
from modules.errors import CwsError

PANDAS_TYPES = {pa.int64(): "int64", pa.float64(): "float64", pa.bool_(): "bool", pa.string(): "str"}


def checked_arrow(frame: pd.DataFrame, spec: TableSpec) -> pa.Table:
    """The frame as an Arrow table of `spec.schema` (NaN stays NaN). Raises CWS-LAKE-003 .. -006: what does not fit."""
    _check_columns([str(name) for name in frame.columns], spec)
    for field in spec.schema:
        _check_type(str(frame[field.name].dtype), field, spec)
        _check_holes(frame[field.name], field, spec)
    _check_order(frame, spec)
    return to_arrow(frame).cast(spec.schema)


def schema_hash(schema: pa.Schema) -> str:
    return json_hash([[field.name, str(field.type), field.nullable] for field in schema])


def _check_columns(names: list[str], spec: TableSpec) -> None:
    if names == spec.schema.names:
        return
    missing = [name for name in spec.schema.names if name not in names]
    extra = [name for name in names if name not in spec.schema.names]
    raise CwsError(
        "CWS-LAKE-003",
        what=f"columns do not match: missing {missing}, extra {extra}, or another order",
        where=f"table {spec.name}",
        fix=f"give exactly {spec.schema.names}",
    )


def _check_type(dtype: str, field: pa.Field, spec: TableSpec) -> None:
    if dtype != PANDAS_TYPES[field.type]:
        raise CwsError(
            "CWS-LAKE-004",
            what=f"column has dtype {dtype}, declared is {PANDAS_TYPES[field.type]}",
            where=f"table {spec.name}, column {field.name}",
            fix="convert it where it is made, so that nothing is rounded in passing",
        )


def _check_holes(column: pd.Series, field: pa.Field, spec: TableSpec) -> None:
    """NaN in a float is a value; text that is missing is a hole."""
    holes = column.isna().to_numpy() if field.type == pa.string() and not field.nullable else np.zeros(0, dtype=bool)
    if holes.any():
        raise CwsError(
            "CWS-LAKE-005",
            what=f"{int(holes.sum())} values are missing, first at row {int(holes.argmax())}",
            where=f"table {spec.name}, column {field.name}",
            fix="fill or quarantine the rows before the commit",
        )


def _check_order(frame: pd.DataFrame, spec: TableSpec) -> None:
    """Rows must not descend in the declared columns; equal keys are the business of the suites at the edge."""
    equal_so_far = np.ones(max(len(frame) - 1, 0), dtype=bool)
    for name in spec.sort:
        column = frame[name].reset_index(drop=True)
        before, after = column.iloc[:-1], column.iloc[1:].set_axis(range(len(equal_so_far)))
        descends = equal_so_far & (before > after).to_numpy(dtype=bool)
        if descends.any():
            row = int(descends.argmax()) + 1
            raise CwsError(
                "CWS-LAKE-006",
                what=f"row {row} sorts before its predecessor by {name}",
                where=f"table {spec.name}, row {row}",
                fix=f"sort by {list(spec.sort)} where the rows are made; the lake never re-sorts",
            )
        equal_so_far &= (before == after).to_numpy(dtype=bool)
