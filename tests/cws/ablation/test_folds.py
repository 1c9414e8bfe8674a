"""Nobody searches what another is confirmed on, and who has nothing left to search is named with a code."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from way import CountingSink

from cws.ablation.ablate import Bench, ablate
from cws.ablation.folds import folds_of
from cws.ablation.ground import DAY_NS, Ground, days, symbols
from cws.gate.verdict import Kind, Reason
from cws.house import house_at
from cws.patches import Patch
from cws.supervisor.panel import IDEAS, ground, world_of_idea
from cws.supervisor.talk import search_grounds, unsearched
from modules import tables as declared
from modules.errors import CwsError
from modules.values import Table, make_table

REVERSAL, _, MOMENTUM, _ = IDEAS


@dataclass(frozen=True)
class Opened:
    """A ground that is there already."""

    ground: Ground

    @property
    def name(self) -> str:
        return self.ground.name

    def open(self) -> Ground:
        return self.ground


def made(name: str, first: int, last: int, rename: str = "", of: int = 0) -> Ground:
    """Some trading days of one made-up world; its symbols are the world's, or others."""
    whole = ground(IDEAS[of], world_of_idea(IDEAS[of], 900), 3, name)
    bars = whole.tables["bars"]
    assert isinstance(bars, Table)
    known = days(whole)[first:last]
    kept = bars.frame[np.isin(bars.frame["ts_event"] // DAY_NS, known)].reset_index(drop=True)
    kept = kept.assign(symbol=rename + kept["symbol"]).astype({"symbol": "str"})
    return replace(whole, tables={**whole.tables, "bars": make_table(kept, declared.BARS, "test")})


def bench_on(folder: Path, *grounds: Ground) -> Bench:
    house = house_at(folder / "home")
    house.home.folder.mkdir(parents=True)
    return Bench(house, [Opened(one) for one in grounds], CountingSink())


def confirm_days_in_views(bench: Bench) -> list[tuple[str, str, int]]:
    """(whose view, whose confirm days, how many) for all that a view shows of confirm folds of its own symbols."""
    pairs = [pair for pair in product(search_grounds(bench), bench.grounds()) if symbols(pair[0]) & symbols(pair[1])]
    found = [(view.name, one.name, int((days(view) >= folds_of(one).confirm).sum())) for view, one in pairs]
    return [one for one in found if one[2]]


def test_no_view_shows_a_confirm_day_of_its_symbols(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, made("long", 0, 900), made("short", 0, 500), made("others", 100, 700, "X"))
    assert [one.name for one in search_grounds(bench)] == ["long", "short", "others"]
    assert confirm_days_in_views(bench) == [] and unsearched(bench) == ""
    first = folds_of(bench.grounds()[1]).confirm
    assert [int(days(one).max()) < first for one in search_grounds(bench)] == [True, True, False]
    assert bench.folds()["others"] == folds_of(bench.grounds()[2]), "no symbol shared, nothing lost"


def test_same_symbols_on_other_days_end_the_search_too(tmp_path: Path) -> None:
    """Its days come first, so this one would be free to search them, were it not for whom it shares symbols with."""
    early, late = made("early", 0, 400), made("late", 400, 900)
    other = made("late", 400, 900, "X")
    assert bench_on(tmp_path / "a", early, late).folds()["late"].cut == folds_of(early).confirm
    free = bench_on(tmp_path / "b", early, other).folds()
    assert free == {one.name: folds_of(one) for one in (early, other)}, "nothing shared, nothing lost"


def test_who_has_nothing_left_to_search_is_named_and_never_shown(tmp_path: Path) -> None:
    late = made("late", 500, 900, of=2)
    bench = bench_on(tmp_path, made("long", 0, 900), late)
    assert [one.name for one in search_grounds(bench)] == ["long"] and confirm_days_in_views(bench) == []
    first = np.datetime64(folds_of(bench.grounds()[0]).confirm, "D")
    assert "CWS-ABLATE-006" in unsearched(bench) and f"long from {first} on [late]" in unsearched(bench)
    with pytest.raises(CwsError, match="CWS-ABLATE-006"):
        ablate(bench, Patch("momentum_12_1", {"lookback_bars": 63}))
    assert not bench.house.ledger.entries("confirm"), "no look was spent"


def test_a_screen_ends_where_the_views_end(tmp_path: Path) -> None:
    """The short history's confirm folds begin early: what the screen plays of the long one ends before them."""
    bench = bench_on(tmp_path, made("long", 0, 900), made("short", 0, 500, of=2))
    first = folds_of(bench.grounds()[1]).confirm
    bench = replace(bench, _again={one.name: bench.baseline(one, "all").hash for one in bench.grounds()})
    judged = ablate(bench, Patch("reversal_5d", {"window_bars": 200}))
    assert (judged.verdict.kind, judged.verdict.reason) == (Kind.REJECT, Reason.SCREENED)
    (screened,) = [arm for (_, folds), arm in bench._arms.items() if folds.startswith("search")]
    assert screened.days.max() < first and f"search until {first}" in {folds for _, folds in bench._arms}
