"""Small batches on the small house: what several folders' tests of batches ask for."""

from pathlib import Path

import pandas as pd
from small_house import Place

from cws.batch.run import Ask, Batch, run_batch
from cws.house import House
from cws.strategies import catalogue
from cws.trial_batches import TABLE
from modules.canonical import content_hash

# Six sets; the third has the published settings.
GRID = "reversal_5d.window_bars=3 5, cost_bps=2 5 9"
PUBLISHED = 4
SWEEP = """
title = "Crosses on two made-up symbols"
why = "Small enough to be swept in a hundred ways."
dataset = "small"

[settings]
rule = "ma_cross"
grid = "fast_bars 2..6 by 2, slow_bars 10 20 35"
fee_bps = 5.0
"""


def write_sweep(place: Place, text: str = SWEEP, name: str = "small_cross") -> Path:
    path = place.strategies / "sweeps" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def batch_of(place: Place, recipe: str = "small_reversal", grid: str = GRID, **asked: object) -> Batch:
    fields = {"processes": 1, "chunk_sets": 2, **asked}
    return run_batch(place.house(), catalogue(place.strategies), Ask(recipe, grid, **fields))  # type: ignore[arg-type]


def rows_of(house: House, batch: Batch) -> pd.DataFrame:
    return house.lake.read(house.lake.pin(TABLE, batch.plan.id))


def bytes_of(place: Place, batch: Batch) -> tuple[str, str]:
    """Content of the rows and of the returns, and what the ledger says of the rows."""
    house = place.house()
    returns = house.lake.read(house.lake.pin("batch_returns", batch.plan.id))
    assert batch.body["rows_hash"]
    return content_hash(rows_of(house, batch)), content_hash(returns)
