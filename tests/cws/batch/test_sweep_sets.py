"""Whatever run of sets is cut into sub-grids, they hold exactly these sets; keys are those of single questions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cws.batch.grid import Axis, Grid
from cws.batch.plan import Plan
from cws.batch.recipe import Sweep
from cws.batch.sweep_sets import MAX_WORDS, NOT_ASKED, Cutter, KeyMaker, bound_sweep, sweep_grid
from cws.lake.commits import Pin
from cws.trials import Task
from modules.canonical import json_hash
from modules.errors import CwsError
from modules.value_words import values_of

WORDS = ("9 6 3", "1..4 by 1", "0.1..0.5 by 0.1", "3", "5 2 9.25", "10..700 by 10", "0.001..0.2 by 0.001")


def grid_of(words: list[str]) -> Grid:
    return Grid(tuple(Axis(f"p{at}", tuple(values_of(one, one)), one) for at, one in enumerate(words)))


def read(words: str) -> list[tuple[float, ...]]:
    """All sets of a grid in words, in the order of the sweep."""
    columns = [values_of(part.strip().partition(" ")[2], words) for part in words.split(",")]
    places = np.unravel_index(np.arange(int(np.prod([len(c) for c in columns]))), [len(c) for c in columns])
    return list(zip(*(np.asarray(c)[p].tolist() for c, p in zip(columns, places, strict=True)), strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), st.data())
def test_sub_grids_are_the_run_of_sets_bit_for_bit(words: list[str], data: st.DataObject) -> None:
    grid = grid_of(words)
    first = data.draw(st.integers(0, grid.size - 1))
    end = data.draw(st.integers(first + 1, min(grid.size, first + 3_000)))
    most = data.draw(st.sampled_from([1, 7, 100, 65_536]))
    parts = list(Cutter(grid, most).cut(first, end))
    assert [part.first for part in parts] == list(np.cumsum([first, *(part.size for part in parts)])[:-1])
    assert all(part.size <= most and len(part.words) <= MAX_WORDS for part in parts)
    expected = [tuple(float(value) for value in grid.values(number).values()) for number in range(first, end)]
    assert [one for part in parts for one in read(part.words)] == expected


def test_a_product_of_whole_axes_is_one_sub_grid() -> None:
    grid = grid_of(["2..50 by 1", "60..260 by 1"])
    (part,) = Cutter(grid, 65_536).cut(0, grid.size)
    assert part.words == "p0 2..50 by 1, p1 60..260 by 1"


def test_whole_inner_axes_that_are_too_long_in_words_are_cut_too() -> None:
    floats = " ".join(f"0.{number}37" for number in range(100, 140))
    grid = grid_of([" ".join(str(number * number) for number in range(2, 32)), floats, floats])
    parts = list(Cutter(grid, 65_536).cut(0, grid.size))
    assert max(len(part.words) for part in parts) <= MAX_WORDS
    assert sum(part.size for part in parts) == grid.size == 48_000
    # The first sub-grid is one value of the outer axes and as many of the inner one as there is room for.
    assert parts[0].size > 1 and read(parts[0].words)[1] == tuple(float(v) for v in grid.values(1).values())


RECIPE = Sweep(
    name="x", title="A sweep", why="Because it is small.", dataset="d",
    settings={"rule": "ma_cross", "grid": "fast_bars 2 3, slow_bars 5 8.5"},
)  # fmt: skip


def test_a_set_s_key_is_that_of_the_question_asked_alone() -> None:
    grid = Grid((Axis("slow_bars", (5, 8.5), ""), Axis("fast_bars", (2, 3), "")))
    pins = {"bars": Pin("ohlcv", "d", 0, "b3:bars", 1)}
    plan = Plan(RECIPE, None, grid, ("A", "B"), pins, "b3:code")  # type: ignore[arg-type]
    object.__setattr__(plan, "dataset", type("D", (), {"name": "d"}))
    asked = bound_sweep(RECIPE).settings.model_dump(mode="json")
    made = KeyMaker(plan, asked).keys(grid.places(np.arange(4)), "B")
    own = {name: value for name, value in asked.items() if name not in NOT_ASKED}
    for number, key in enumerate(made):
        parameters = {name: float(value) for name, value in grid.values(number).items()}
        said = {"module": "vector_sweep", "parameters": parameters, "settings": own, "symbol": "B"}
        assert key == Task("sweep_d", json_hash(said), {"ohlcv/d": "b3:bars"}, "all", "b3:code", dict).key
    assert len(set(made)) == 4
    assert not set(made) & set(KeyMaker(plan, asked).keys(grid.places(np.arange(4)), "A"))


def test_how_many_and_which_sets_are_no_part_of_a_key() -> None:
    assert set(NOT_ASKED) == {"grid", "max_sets", "curve_sets"}
    with pytest.raises(Exception, match="CWS-SETTINGS-002"):
        bound_sweep(RECIPE, fee_bps=-1.0)


def test_sets_are_numbered_by_the_rule_however_the_grid_was_written() -> None:
    written = [
        sweep_grid(RECIPE, text, None) for text in ("slow_bars 5 8, fast_bars 2 3", "fast_bars 2 3, slow_bars 5 8")
    ]
    assert [axis.name for axis in written[0].axes] == ["fast_bars", "slow_bars"]
    assert [written[0].values(number) for number in range(4)] == [written[1].values(number) for number in range(4)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("fast_bars 2 3", "CWS-BACKTEST-021"),
        ("fast_bars 2 3, slow_bars 5, third 1", "CWS-BACKTEST-021"),
        ("fast_bars 0 3, slow_bars 5", "CWS-BACKTEST-023"),
        ("fast_bars 2 3, slow_bars 5 8.5", "CWS-BACKTEST-023"),
    ],
)
def test_a_grid_that_the_rule_does_not_take_is_refused_before_anything_runs(text: str, code: str) -> None:
    with pytest.raises(CwsError, match=code):
        sweep_grid(RECIPE, text, None)
