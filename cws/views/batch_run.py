"""MLflow shows a batch: one parent run, its best, median and worst set as children, all rows as one Parquet file."""

from dataclasses import dataclass

from cws.batch.run import Batch
from cws.house import House


@dataclass(frozen=True)
class BatchShown:
    heat_path: str = ""
    page: str = ""
    warning: str = ""


def show_batch(house: House, batch: Batch, views: str) -> BatchShown:
    """Nothing yet."""
    return BatchShown()
