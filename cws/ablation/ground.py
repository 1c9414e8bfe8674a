"""Where a patch is tried: a dataset, a strategy, and the verified tables that its first stage begins with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from cws.home import Settings
from cws.house import open_house
from cws.patches import Patch, under
from cws.pins import open_pins
from cws.stages import Unit
from cws.strategies import Dataset, Strategy, catalogue
from modules import tables as declared
from modules.runner import Value
from modules.values import Table, make_table


@dataclass(frozen=True)
class Ground:
    """`tables` is what the stage `begins` reads; both recipes are complete, so the ground knows all its settings."""

    dataset: Dataset
    strategy: Strategy
    begins: str
    tables: Mapping[str, Value]

    @property
    def name(self) -> str:
        return self.strategy.name

    @property
    def data(self) -> dict[str, str]:
        return {name: value.hash for name, value in sorted(self.tables.items())}


class Source(Protocol):
    """How another process opens the same ground again: small, picklable, and it carries no table."""

    @property
    def name(self) -> str: ...

    def open(self) -> Ground: ...


@dataclass(frozen=True)
class Published:
    """The clean bars in force of one of the house's strategies."""

    chosen: Settings
    name: str

    def open(self) -> Ground:
        house, found = open_house(self.chosen), catalogue(self.chosen.strategies)
        strategy = found.strategy(self.name)
        dataset = found.dataset_of(strategy)
        # What `feature` and `size` read from clean, and nothing that a stage after them made.
        pins = open_pins(house, Unit("feature", dataset, strategy))
        pins |= {"instruments": open_pins(house, Unit("clean", dataset))["instruments"]}
        tables: dict[str, Value] = {name: Table(house.lake.read(pin), pin.hash, name) for name, pin in pins.items()}
        return Ground(dataset, strategy, "feature", tables)


def patched(ground: Ground, patch: Patch) -> Ground:
    return replace(ground, dataset=under(ground.dataset, patch), strategy=under(ground.strategy, patch))


def changed(ground: Ground, patch: Patch) -> bool:
    """Whether the patch changes anything that this ground runs."""
    after = patched(ground, patch)
    return (after.dataset, after.strategy) != (ground.dataset, ground.strategy)


def days(ground: Ground) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The distinct UTC days of the ground's bars, ascending, as days since 1970."""
    bars = ground.tables["bars"]
    assert isinstance(bars, Table)
    return np.unique(bars.frame["ts_event"].to_numpy() // DAY_NS)


def symbols(ground: Ground) -> frozenset[str]:
    """Every symbol that the ground's bars tell of."""
    bars = ground.tables["bars"]
    assert isinstance(bars, Table)
    return frozenset(bars.frame["symbol"].unique())


DAY_NS = 86_400_000_000_000


def until(ground: Ground, day: int) -> Ground:
    """The ground as it was known before that day: no bar of it or after.

    And no `adj_close`: a vendor divides it by all splits and dividends that came later. After `clean` nobody reads it.
    """
    bars = ground.tables["bars"]
    assert isinstance(bars, Table)
    early = bars.frame[bars.frame["ts_event"] < day * DAY_NS].reset_index(drop=True).assign(adj_close=np.nan)
    return replace(ground, tables={**ground.tables, "bars": make_table(early, declared.BARS, "search view")})
