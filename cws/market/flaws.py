"""Faults of a vendor's file, drawn by seed: what each is, where it stands, and how the real modules must refuse it.

| kind | what stands in the file | who refuses, as |
|---|---|---|
| splits, dividends | prices as traded, an adjusted close beside them | nobody: `corporate_actions` lists them |
| exact_duplicates | the record once more, at the end | sort_and_dedupe, exact_duplicate |
| conflicting_duplicates | the same with other prices | sort_and_dedupe, conflicting_duplicate |
| swapped_rows | the record and the next one have changed places | nobody: sorting heals it |
| spikes | all prices of one bar three times too high | hampel_outliers, outlier |
| impossible_bars | a high below or a low above the body, a price or a volume below zero | bar_sanity |
| bad_cells | a close that is no number | the reader, unparsable_close |
| bad_stamps | one record more, whose stamp is no time | the reader or to_utc_ns |
| strays | one record more, at a time at which the venue is closed or no bar begins | session_filter |
"""

from dataclasses import dataclass

import numpy as np

from cws.market.clock import DAILY_SECONDS
from cws.market.paths import FLAWS
from cws.market.spec import World
from kernels.market import Mask, stream
from modules.errors import CwsError

# Each fault stands alone: the bars around it are whole, and outliers have a past to be judged by.
FIRST_BAR, EVERY_BARS = 64, 8
SPIKE, CONFLICT = 3.0, 1.01
SPLIT_RATIOS = (2.0, 4.0, 0.5)
IMPOSSIBLE = ("high_below_body", "low_above_body", "non_positive_price", "negative_volume")


@dataclass(frozen=True)
class Flaw:
    """One fault at (column, bar). `size` is a split's ratio or a dividend's share of the price, else 0."""

    kind: str
    column: int
    bar: int
    reason: str
    size: float = 0.0


def _reason(world: World, kind: str, number: int) -> str:
    """Why the record is refused; empty when it is not."""
    daily = world.bar_seconds == DAILY_SECONDS
    if kind == "impossible_bars":
        return "non_positive_price" if world.vendor == "wide_panel" else IMPOSSIBLE[number % len(IMPOSSIBLE)]
    return {
        "exact_duplicates": "exact_duplicate",
        "conflicting_duplicates": "conflicting_duplicate",
        "spikes": "outlier",
        "bad_cells": "unparsable_close",
        "bad_stamps": "unparsable_stamp" if daily else "no_time_of_day",
        "strays": "outside_session" if daily else "off_grid",
    }.get(kind, "")


def _slots(world: World, present: Mask) -> list[tuple[int, int]]:
    """(column, bar) where a fault may stand: bars present with both neighbours, far from the next slot.

    A wide file's records are whole days, so there each day has one slot, of a changing column.
    """
    whole = present[:-2] & present[1:-1] & present[2:]
    bars = range(FIRST_BAR, world.bars - 1, EVERY_BARS)
    if world.vendor == "wide_panel":
        found = [(turn % world.symbols, bar) for turn, bar in enumerate(bars)]
    else:
        found = [(column, bar) for column in range(world.symbols) for bar in bars]
    enough = np.cumsum(present, axis=0)
    return [(column, bar) for column, bar in found if whole[bar - 1, column] and enough[bar, column] > FIRST_BAR // 2]


def flaws_of(world: World, seed: int, present: Mask) -> list[Flaw]:
    """All faults in the order of their kinds. Raises CWS-MARKET-003 when the world has no room for so many."""
    wanted = [(kind, number) for kind, count in world.flaws.model_dump().items() for number in range(count)]
    draws, slots = stream(seed, FLAWS), _slots(world, present)
    if len(wanted) > len(slots):
        raise CwsError(
            "CWS-MARKET-003",
            what=f"{len(wanted)} flaws, but room for {len(slots)}",
            where=f"world {world.name}",
            fix=f"more bars or symbols: a symbol has room for one in {EVERY_BARS} bars after its first {FIRST_BAR}",
        )
    places = [slots[at] for at in draws.permutation(len(slots))[: len(wanted)]]
    yields = draws.uniform(0.002, 0.02, len(wanted))
    return [
        Flaw(kind, column, bar, _reason(world, kind, number), _size(kind, number, float(share)))
        for (kind, number), (column, bar), share in zip(wanted, places, yields, strict=True)
    ]


def _size(kind: str, number: int, share: float) -> float:
    return SPLIT_RATIOS[number % len(SPLIT_RATIOS)] if kind == "splits" else share if kind == "dividends" else 0.0
