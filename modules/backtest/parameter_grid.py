"""A grid of parameter sets in words: `fast_bars 5..50 by 5, slow_bars 60 120 250`, all combinations in order."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from modules.errors import CwsError
from modules.value_words import refused_grid, values_of

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def parse_grid(grid: str, parameters: tuple[str, ...]) -> list[list[float]]:
    """The values of each parameter, in the order of `parameters`.

    Raises CWS-BACKTEST-021 for what is no number, and unless each parameter stands exactly once.
    """
    given: dict[str, list[float]] = {}
    for part in grid.split(","):
        name, _, text = part.strip().partition(" ")
        if name not in parameters or name in given:
            raise refused_grid(
                f"{name!r} is unknown or there twice", grid, f"give each of {', '.join(parameters)} once"
            )
        given[name] = values_of(text.strip(), grid)
    missing = [name for name in parameters if name not in given]
    if missing:
        raise refused_grid(f"{', '.join(missing)} is missing", grid, f"give each of {', '.join(parameters)} once")
    return [given[name] for name in parameters]


def _need_windows(name: str, column: list[float], least: int, most: int, grid: str) -> None:
    wrong = [value for value in column if not (least <= value <= most and value.is_integer())]
    if wrong:
        raise CwsError(
            "CWS-BACKTEST-023", what=f"{name} {wrong[0]:g} is no window",
            where=f"setting grid, {grid!r}", fix=f"whole numbers of bars from {least} to {most}",
        )  # fmt: skip


def parse_sets(
    grid: str, parameters: tuple[str, ...], bars: Mapping[str, tuple[int, int]], most_sets: int
) -> list[list[float]]:
    """The values of each parameter; those of `bars` are whole numbers between their two.

    Raises CWS-BACKTEST-022 above `most_sets` sets, CWS-BACKTEST-023 for a window that is no count of bars.
    """
    values = parse_grid(grid, parameters)
    if size(values) > most_sets:
        fix = "take a coarser grid, raise max_sets, or run it as a batch, which takes more: cws backtest --grid"
        raise CwsError(
            "CWS-BACKTEST-022", what=f"the grid holds {size(values)} parameter sets, above {most_sets}",
            where=f"setting grid, {grid!r}", fix=fix,
        )  # fmt: skip
    for name, column in zip(parameters, values, strict=True):
        if name in bars:
            _need_windows(name, column, *bars[name], grid)
    return values


def size(values: list[list[float]]) -> int:
    """How many parameter sets a grid holds."""
    return math.prod(len(column) for column in values)


def sets_of(values: list[list[float]], numbers: I64) -> F64:
    """(parameters, n) the sets with these numbers: all combinations in order, the last parameter fastest."""
    places = np.unravel_index(numbers, tuple(len(column) for column in values))
    return np.array([np.asarray(column)[place] for column, place in zip(values, places, strict=True)])
