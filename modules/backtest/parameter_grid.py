"""A grid of parameter sets in words: `fast_bars 5..50 by 5, slow_bars 60 120 250`, all combinations in order."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kernels.sweep_features import RULES
from modules.errors import CwsError
from modules.value_words import refused_grid, values_of

F64 = NDArray[np.float64]
CHUNK_SETS = 65_536
MAX_WINDOW_BARS = 100_000


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


def parse_sets(grid: str, rule: str, max_sets: int) -> list[list[float]]:
    """The grid of a rule's parameters; those named after bars are whole numbers of them.

    Raises CWS-BACKTEST-022 above `max_sets` sets, CWS-BACKTEST-023 for a window that is no count of bars.
    """
    values = parse_grid(grid, RULES[rule].parameters)
    if size(values) > max_sets:
        raise CwsError(
            "CWS-BACKTEST-022", what=f"the grid holds {size(values)} parameter sets, above {max_sets}",
            where=f"setting grid, {grid!r}", fix="take a coarser grid, or raise max_sets",
        )  # fmt: skip
    for name, column in zip(RULES[rule].parameters, values, strict=True):
        wrong = [value for value in column if not (1.0 <= value <= MAX_WINDOW_BARS and value.is_integer())]
        if wrong and name.endswith("bars"):
            raise CwsError(
                "CWS-BACKTEST-023", what=f"{name} {wrong[0]:g} is no window",
                where=f"setting grid, {grid!r}", fix=f"whole numbers of bars from 1 to {MAX_WINDOW_BARS}",
            )  # fmt: skip
    return values


def size(values: list[list[float]]) -> int:
    """How many parameter sets a grid holds."""
    return math.prod(len(column) for column in values)


def chunks(values: list[list[float]]) -> Iterator[F64]:
    """(parameters, n) parts of all combinations, the last parameter fastest; never more than a chunk in memory."""
    shape, total = tuple(len(column) for column in values), size(values)
    for first in range(0, total, CHUNK_SETS):
        places = np.unravel_index(np.arange(first, min(first + CHUNK_SETS, total)), shape)
        yield np.array([np.asarray(column)[place] for column, place in zip(values, places, strict=True)])
