"""Every column of every declared table is explained once, and nothing else is."""

import pandera.pandas as pa

from modules import tables
from modules.columns import COLUMNS


def test_every_column_is_explained_and_no_other() -> None:
    schemas = [value for value in vars(tables).values() if isinstance(value, pa.DataFrameSchema)]
    declared = {str(name) for schema in schemas for name in schema.columns}
    assert declared - set(COLUMNS) == set()
    assert set(COLUMNS) - declared - {"low", "high"} == set()


def test_prices_volumes_and_targets_say_whose_units_they_are_in() -> None:
    told = {
        name for name, why in COLUMNS.items() if "after split_adjust or dividend_adjust, of the adjusted series" in why
    }
    assert told == {"open", "high", "low", "close", "volume", "target_lots"}
