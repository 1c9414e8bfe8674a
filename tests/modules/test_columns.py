"""Every column of every declared table is explained once, and nothing else is."""

import pandera.pandas as pa

from modules import tables
from modules.columns import COLUMNS


def test_every_column_is_explained_and_no_other() -> None:
    schemas = [value for value in vars(tables).values() if isinstance(value, pa.DataFrameSchema)]
    declared = {str(name) for schema in schemas for name in schema.columns}
    assert declared - set(COLUMNS) == set()
    assert set(COLUMNS) - declared - {"low", "high"} == set()
