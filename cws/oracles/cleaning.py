"""Oracles of ingest and clean: the world's own bars must come out of its file, and every planted fault be refused."""

from collections import Counter

import numpy as np
import pandas as pd

from cws.market.vendor import VendorFile
from cws.market.worlds import symbol_names
from cws.oracles import terms
from cws.oracles.made import make_world, vendor_file
from cws.oracles.scene import Scene

KEY = ["symbol", "ts_event"]
PRICES = ["open", "high", "low", "close", "volume"]


def _file(scene: Scene) -> VendorFile:
    return vendor_file(scene.world, scene.seed)


def _refused(scene: Scene) -> Counter[tuple[int, str, str]]:
    frames = [seen.after["refused"] for seen in scene.runs.values() if "refused" in seen.after]
    lost = pd.concat(frames, ignore_index=True)
    return Counter(zip(lost["row"].tolist(), lost["symbol"].tolist(), lost["reason"].tolist(), strict=True))


def _expected(scene: Scene) -> Counter[tuple[int, str, str]]:
    names = symbol_names(scene.world)
    return Counter((one.row, names[one.column], one.reason) for one in _file(scene).refusals)


def planted_flaws_refused(scene: Scene) -> int:
    """Planted faults that were let through or named wrongly, and sound rows that were refused."""
    return _apart(_refused(scene), _expected(scene))


def _apart(found: Counter[tuple[int, str, str]], due: Counter[tuple[int, str, str]]) -> int:
    return sum((found - due).values()) + sum((due - found).values())


def _sound(scene: Scene) -> pd.DataFrame:
    """The world's bars less those whose record bears a fault that must be refused."""
    bars = make_world(scene.world, scene.seed)["bars"].frame
    moved = {a: b for one in _file(scene).placed if one.flaw.kind == "swapped_rows" for a, b in _both_ways(one.rows)}
    gone = {(moved.get(row, row), symbol) for row, symbol, _ in _expected(scene)}
    kept = [place not in gone for place in zip(bars["row"].tolist(), bars["symbol"].tolist(), strict=True)]
    return bars[kept].reset_index(drop=True)


def _both_ways(rows: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return (rows[0], rows[1]), (rows[1], rows[0])


def _last_bars(scene: Scene) -> pd.DataFrame:
    """The bars behind the last module that gives any."""
    return [seen.after["bars"] for seen in scene.runs.values() if "bars" in seen.after][-1]


def clean_bars_are_the_worlds(scene: Scene) -> int:
    """Bars that are missing, too many, known at another time, or off by more than 1e-9 of their price or volume."""
    found = _last_bars(scene)
    due = _sound(scene)
    both = found[found["age_bars"] == 0].merge(due, on=KEY, how="outer", suffixes=("", "_due"), indicator="side")
    wrong = (both["side"] != "both") | (both["ts_avail"] != both["ts_avail_due"])
    for name in PRICES:
        value, true = both[name].to_numpy(), both[f"{name}_due"].to_numpy()
        wrong |= ~((np.abs(value - true) <= 1e-9 * np.abs(true)) | (np.isnan(value) & np.isnan(true)))
    return int(wrong.sum())


def missing_bars_are_filled_for_a_week(scene: Scene) -> int:
    """Filled bars that are not due, due ones that are missing, and those that are not their symbol's last close.

    Due is a bar wherever another symbol has one and the symbol's own last one is at most `MAX_AGE_BARS` stamps old.
    """
    seen = scene.runs["forward_fill"]
    close = seen.before["bars"].pivot(index="ts_event", columns="symbol", values="close")
    due = close.ffill(limit=terms.MAX_AGE_BARS).where(close.isna()).stack().dropna()
    after = seen.after["bars"]
    found = after[after["age_bars"] > 0].set_index(["ts_event", "symbol"])["close"]
    both = pd.concat({"due": due, "found": found}, axis=1)
    return int((both["due"] != both["found"]).sum())


def lone_outliers_are_refused_alone(scene: Scene) -> int:
    """Bars off the world's price by `OUTLIER` that were let through, and bars at the world's price that were refused.

    Asked of symbols whose prices are never off twice running: where they are, somebody before spoilt them.
    """
    seen = scene.runs["hampel_outliers"]
    world = make_world(scene.world, scene.seed)["bars"].frame[[*KEY, "close"]]
    both = seen.before["bars"][["row", *KEY, "close"]].merge(world, on=KEY, how="left", suffixes=("", "_due"))
    gap = (both["close"] / both["close_due"] - 1.0).abs()
    off = ~(gap <= 1e-9)
    twice = off & off.groupby(both["symbol"]).shift(fill_value=False)
    asked = ~both["symbol"].isin(both.loc[twice, "symbol"])
    row = ["row", "symbol"]
    gone = pd.MultiIndex.from_frame(both[row]).isin(pd.MultiIndex.from_frame(seen.after["refused"][row]))
    return int((asked & (((gap >= terms.OUTLIER) & ~gone) | (~off & gone))).sum())
