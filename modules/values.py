"""What flows between modules: a table with its content hash, or raw bytes with theirs."""

from dataclasses import dataclass

import pandas as pd
from blake3 import blake3
from pandera.errors import SchemaError, SchemaErrors
from pandera.pandas import DataFrameSchema

from modules.canonical import content_hash
from modules.errors import CwsError
from modules.fits import plainly_fits


@dataclass(frozen=True)
class Table:
    """An immutable table: `schema` is the name of the schema that every row was validated against."""

    frame: pd.DataFrame
    hash: str
    schema: str

    @property
    def rows(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class RawBytes:
    """A vendor's file as it came. `hash` is BLAKE3 of the bytes."""

    data: bytes
    hash: str

    @property
    def rows(self) -> int:
        return 0


def raw_bytes(data: bytes) -> RawBytes:
    return RawBytes(data, "b3:" + blake3(data).hexdigest())


def checked(frame: pd.DataFrame, schema: DataFrameSchema, where: str) -> pd.DataFrame:
    """Validate every row; a refusal names table, column, and the first offending value.

    Raises CWS-TABLE-001.
    """
    if plainly_fits(frame, schema):
        return frame.copy()
    try:
        return schema.validate(frame)
    except (SchemaError, SchemaErrors) as refusal:
        what = str(refusal).strip().split("\n")[0][:300]
        raise CwsError(
            "CWS-TABLE-001", what=what, where=f"{where}, table {schema.name}", fix="see modules/tables.py"
        ) from None


def make_table(frame: pd.DataFrame, schema: DataFrameSchema, where: str) -> Table:
    """Validate, then hash: the only way to a Table outside the lake."""
    return Table(checked(frame, schema, where), content_hash(frame), str(schema.name))
