"""Long panels to matrices and back: nothing moves, nothing is invented."""

import numpy as np
import pandas as pd

from modules.examples import bars_example
from modules.panel import grid, own_bars


def panel() -> pd.DataFrame:
    text = pd.Series(["A", "A", "B", "B", "B"], dtype="str")
    return pd.DataFrame(
        {
            "ts_event": [10, 30, 10, 20, 30],
            "ts_avail": [10, 30, 10, 20, 30],
            "symbol": text,
            "v": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )


def test_a_grid_is_all_stamps_by_all_symbols() -> None:
    place = grid(panel())
    assert (place.ts_event.tolist(), place.symbols) == ([10, 20, 30], ["A", "B"])
    assert np.array_equal(place.spread(panel()["v"]), [[1.0, 3.0], [np.nan, 4.0], [2.0, 5.0]], equal_nan=True)


def test_own_bars_have_no_holes_but_at_the_end() -> None:
    place = own_bars(panel())
    assert np.array_equal(place.spread(panel()["v"]), [[1.0, 3.0], [2.0, 4.0], [np.nan, 5.0]], equal_nan=True)


def test_what_is_spread_is_gathered_again() -> None:
    bars = bars_example(np.random.default_rng(3), 50)
    for place in (grid(bars), own_bars(bars)):
        assert np.array_equal(place.gather(place.spread(bars["close"])), bars["close"].to_numpy())


def test_symbols_stand_in_alphabetical_order_whatever_the_rows() -> None:
    mixed = panel().iloc[[4, 0, 2, 1, 3]].reset_index(drop=True)
    assert grid(mixed).symbols == ["A", "B"]
    assert np.array_equal(grid(mixed).spread(mixed["v"]), grid(panel()).spread(panel()["v"]), equal_nan=True)


def test_an_empty_panel_has_an_empty_grid() -> None:
    for place in (grid(panel().iloc[:0]), own_bars(panel().iloc[:0])):
        assert place.spread(panel()["v"].iloc[:0]).shape == (0, 0)
