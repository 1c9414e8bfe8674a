"""All rows of a batch as people want them: one Parquet file with a column a parameter, and a matrix of two of these."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cws.batch.plan import Plan
from cws.batch.run import Batch
from cws.house import House

F64 = NDArray[np.float64]


def with_parameters(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column a setting of the grid in place of the text that holds them all."""
    places = plan.grid.places(rows["set"].to_numpy() // plan.accounts)
    columns = {
        axis.name: pd.Series(list(axis.values)).take(place).to_numpy()
        for axis, place in zip(plan.grid.axes, places, strict=True)
    }
    known = rows.drop(columns="parameters")
    return pd.concat([known[["set", "key", "symbol"]], pd.DataFrame(columns), known.iloc[:, 3:]], axis=1)


def write_rows(house: House, batch: Batch, path: Path) -> None:
    """One Parquet file, written a commit at a time."""
    writer: pq.ParquetWriter | None = None
    try:
        for frame in house.lake.stream(batch.rows):
            table = pa.Table.from_pandas(with_parameters(batch.plan, frame), preserve_index=False)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()


def best_by(house: House, batch: Batch, names: tuple[str, str]) -> F64:
    """(values of the first, values of the second) best Sharpe ratio per bar over all other settings and symbols."""
    axes = [axis.name for axis in batch.plan.grid.axes]
    down, across = axes.index(names[0]), axes.index(names[1])
    best = np.full([len(batch.plan.grid.axes[at].values) for at in (down, across)], np.nan)
    for frame in house.lake.stream(batch.rows):
        places = batch.plan.grid.places(frame["set"].to_numpy() // batch.plan.accounts)
        np.fmax.at(best, (places[down], places[across]), frame["sharpe_per_bar"].to_numpy())
    return best
