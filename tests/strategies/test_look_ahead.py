"""Change the future of the raw file: features, weights, account and targets at or before t stay byte-equal."""

from functools import cache

import pandas as pd
import pytest
from futures import LAYOUTS, changed_future, day_of, text_of
from places import STRATEGIES
from way import source_bytes, way

from cws.strategies import Catalogue, catalogue
from modules.canonical import content_hash
from modules.contract import STAGES

BEFORE_EXECUTE = STAGES[:5]
TABLES = ("bars", "returns", "signal", "vol", "weights", "equity", "holdings", "targets")
CASES = ((0.3, "added"), (0.6, "altered"), (0.6, "dropped"), (0.9, "gone"), (0.9, "wild"))


@cache
def real() -> Catalogue:
    return catalogue(STRATEGIES)


@cache
def as_it_was(name: str) -> dict[str, pd.DataFrame]:
    return way(real(), name, source_bytes(real(), name), BEFORE_EXECUTE)


def day_at(name: str, share: float) -> str:
    """The day at a share of the file's days."""
    days = sorted({day_of(line, LAYOUTS[name]) for line in text_of(source_bytes(real(), name))[1:]})
    return days[int(share * len(days))]


def past(tables: dict[str, pd.DataFrame], cut_ns: int) -> dict[str, pd.DataFrame]:
    """What began before t, the first instant of the first changed day; a bar's place in the file is no price."""
    kept = {name: tables[name] for name in TABLES if name in tables}
    return {
        name: frame[frame["ts_event"] < cut_ns].drop(columns=["source", "row"], errors="ignore").reset_index(drop=True)
        for name, frame in kept.items()
    }


@pytest.mark.parametrize(("share", "change"), CASES, ids=[f"{change}-{share}" for share, change in CASES])
@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_nothing_at_or_before_t_knows_what_comes(name: str, share: float, change: str) -> None:
    layout, last_day = LAYOUTS[name], day_at(name, share)
    cut_ns = (pd.Timestamp(last_day, tz=layout.zone) + pd.Timedelta(days=1)).value
    other = way(real(), name, changed_future(source_bytes(real(), name), layout, last_day, change), BEFORE_EXECUTE)
    then, now = past(as_it_was(name), cut_ns), past(other, cut_ns)
    assert set(then) == set(now) >= {"bars", "returns", "signal", "weights", "equity", "holdings", "targets"}
    different = [table for table in then if content_hash(then[table]) != content_hash(now[table])]
    assert different == []
    # The change was one: without this the test could not fail.
    assert content_hash(as_it_was(name)["targets"]) != content_hash(other["targets"])
    assert all(len(frame) > 0 for frame in now.values())
