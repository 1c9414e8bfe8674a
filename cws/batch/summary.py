"""What a batch's rows say: the best, the median and the worst set, and one hash over all of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cws.batch.grid import I64
from cws.house import House
from cws.lake.commits import Pin
from modules.canonical import content_hash, json_hash

F64 = NDArray[np.float64]
# Rows are hashed by blocks of set numbers, so the hash knows nothing of chunks.
HASHED_ROWS = 65_536


@dataclass(frozen=True)
class Seen:
    """`sharpe` (sets,) per bar, NaN where a set has none; `rows_hash` is over every row.

    `failed` sets say why they have no figures; `never_traded` have no Sharpe ratio and nothing to say of it.
    """

    sharpe: F64
    failed: int
    never_traded: int
    rows_hash: str

    @property
    def ranking(self) -> I64:
        """Numbers of the sets with a Sharpe ratio, the best first; equal ones by number."""
        order = np.argsort(-self.sharpe, kind="stable")
        return order[: int(np.count_nonzero(np.isfinite(self.sharpe)))].astype(np.int64)

    @property
    def shown(self) -> dict[str, int]:
        """best, median (the better one of two) and worst set; nothing where no set has a Sharpe ratio."""
        ranking = self.ranking
        places = {"best": 0, "median": (len(ranking) - 1) // 2, "worst": len(ranking) - 1}
        return {name: int(ranking[place]) for name, place in places.items()} if len(ranking) else {}


def _blocks(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    rest = pd.DataFrame()
    for frame in frames:
        rest = pd.concat([rest, frame], ignore_index=True) if len(rest) else frame
        while len(rest) >= HASHED_ROWS:
            yield rest.iloc[:HASHED_ROWS].reset_index(drop=True)
            rest = rest.iloc[HASHED_ROWS:].reset_index(drop=True)
    if len(rest):
        yield rest


def look_over(house: House, pin: Pin) -> Seen:
    """One pass over the rows of a batch, a commit at a time."""
    hashes: list[str] = []
    sharpes: list[F64] = [np.empty(0)]
    failed, never_traded = 0, 0
    for block in _blocks(house.lake.stream(pin)):
        hashes.append(content_hash(block))
        sharpes.append(block["sharpe_per_bar"].to_numpy(dtype=np.float64))
        failed += int((block["why"] != "").sum())
        never_traded += int(((block["why"] == "") & ~np.isfinite(sharpes[-1])).sum())
    return Seen(np.concatenate(sharpes), failed, never_traded, json_hash(hashes))


def rows_at(house: House, pin: Pin, numbers: set[int]) -> dict[int, dict[str, object]]:
    """The rows of a few sets."""
    found: dict[int, dict[str, object]] = {}
    for frame in house.lake.stream(pin):
        for row in frame[frame["set"].isin(numbers)].to_dict("records"):
            found[int(row["set"])] = {str(name): value for name, value in row.items()}
    return found
