"""The quick yes of `plainly_fits` is pandera's own: whatever it takes, pandera takes."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.errors import SchemaError, SchemaErrors

from modules import tables
from modules.examples import bars_example, keyed_example
from modules.fits import plainly_fits
from modules.tables import BARS, RETURNS
from modules.values import checked

SCHEMAS = {name: one for name, one in vars(tables).items() if isinstance(one, pa.DataFrameSchema)}
VALUES = {
    "float64": [1.0, np.nan, np.inf], "int64": [0, 1, -1], "str": ["a", "", "x" * 257], "bool": [True, False, True],
}  # fmt: skip


def accepts(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> bool:
    try:
        schema.validate(frame)
    except (SchemaError, SchemaErrors):
        return False
    return True


def kind(column: pa.Column) -> str:
    return "str" if str(column.dtype).startswith("str") else str(column.dtype)


def made(schema: pa.DataFrameSchema, row: int) -> pd.DataFrame:
    columns = schema.columns.items()
    return pd.DataFrame({name: pd.Series([VALUES[kind(one)][row]], dtype=kind(one)) for name, one in columns})


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_yes_is_panderas(name: str) -> None:
    """Rows of sound and of odd values; sound rows are also known at once, or nothing is won."""
    schema = SCHEMAS[name]
    sound = made(schema, 0)
    for column, declared in schema.columns.items():
        if kind(declared) == "int64":
            sound[column] = 1
        if words := [word for check in declared.checks for word in check.statistics.get("allowed_values", ())]:
            sound[column] = pd.Series(words[:1], dtype="str")
    assert plainly_fits(sound, schema) and plainly_fits(sound.head(0), schema) and accepts(sound, schema)
    for column in schema.columns:
        for row in (1, 2):
            odd = sound.assign(**{column: made(schema, row)[column]})
            assert plainly_fits(odd, schema) == accepts(odd, schema), (column, row)
        for other in (sound.drop(columns=column), sound.assign(**{column: pd.Series([1], dtype="int8")})):
            assert not plainly_fits(other, schema) and not accepts(other, schema)
        assert not plainly_fits(sound.assign(**{column: pd.Series(["a"], dtype=object)}), schema)
    assert not plainly_fits(sound.assign(more=1.0), schema)
    assert len(schema.columns) < 2 or not plainly_fits(sound[sound.columns[::-1]], schema)


def test_what_is_not_plain_is_panderas() -> None:
    frame = keyed_example(np.random.default_rng(1))
    assert plainly_fits(frame, RETURNS)
    for more in ({"unique": ["ts_event"]}, {"checks": pa.Check(lambda frame: False)}, {"strict": False}):
        other = pa.DataFrameSchema(RETURNS.columns, **{"strict": True, "ordered": True, **more})
        assert not plainly_fits(frame, other)
    odd = pa.Column("float64", pa.Check.notin([7.0]))
    assert not plainly_fits(frame, pa.DataFrameSchema({**RETURNS.columns, "value": odd}, strict=True, ordered=True))


@pytest.mark.parametrize("inclusive", [True, False])
def test_ends_of_a_range_are_panderas(inclusive: bool) -> None:
    check = pa.Check.in_range(0, 2, include_min=inclusive)
    schema = pa.DataFrameSchema({"x": pa.Column("int64", check)}, strict=True, ordered=True)
    for value in range(-1, 4):
        frame = pd.DataFrame({"x": [value]})
        assert not plainly_fits(frame, schema) or accepts(frame, schema)
        assert not inclusive or plainly_fits(frame, schema) == accepts(frame, schema)


def test_a_table_is_no_view_of_what_was_checked() -> None:
    frame = bars_example(np.random.default_rng(1))
    table = checked(frame, BARS, "test")
    frame.loc[0, "close"] = -1.0
    assert table.loc[0, "close"] != -1.0
