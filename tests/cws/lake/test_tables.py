import pyarrow as pa
import pytest

from cws.lake.tables import TABLES, TableSpec
from modules import tables as declared

WANTED = {
    "raw_bars", "ohlcv", "instruments", "corporate_actions", "features", "weights", "equity", "stats", "positions",
    "targets", "orders", "fills", "module_traces", "trials", "quarantine",
}  # fmt: skip


def test_every_wanted_table_is_declared_under_its_own_name() -> None:
    assert set(TABLES) >= WANTED
    assert all(name == spec.name and spec.why for name, spec in TABLES.items())


@pytest.mark.parametrize("spec", TABLES.values(), ids=lambda spec: spec.name)
def test_a_row_order_is_total_on_its_columns(spec: TableSpec) -> None:
    """NaN and null compare as false both ways, so a column that may hold them cannot carry an order."""
    for name in spec.sort:
        field = spec.schema.field(name)
        assert field.type in (pa.int64(), pa.string())
        assert not field.nullable
    assert "part" not in spec.schema.names


def test_columns_come_from_the_modules_declarations() -> None:
    assert TABLES["fills"].schema.names == list(declared.FILLS.columns)
    assert TABLES["fills"].schema.field("last_px").type == pa.int64()
    assert TABLES["ohlcv"].schema.field("close").type == pa.float64()
    assert TABLES["quarantine"].schema.names == [*declared.REFUSED.columns, "stage", "module"]
