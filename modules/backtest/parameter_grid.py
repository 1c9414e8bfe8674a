"""A grid of parameter sets in words: `fast_bars 5..50 by 5, slow_bars 60 120 250`, all combinations in order."""

import math
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from modules.errors import CwsError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?: by ({_NUMBER}))?")
# More than any grid of one parameter needs, so that a range of a typing error does not fill the memory.
MAX_VALUES = 100_000


def _refuse(what: str, grid: str, fix: str) -> CwsError:
    return CwsError("CWS-BACKTEST-021", what=what, where=f"setting grid, {grid!r}", fix=fix)


def _values(text: str, grid: str) -> list[float]:
    found = _RANGE.fullmatch(text)
    if found is None:
        words = text.split()
        if not words or not all(re.fullmatch(_NUMBER, word) for word in words):
            raise _refuse(f"{text!r} is no range and no list of numbers", grid, "write `5..50 by 5` or `5 10 20`")
        return [float(word) for word in words]
    low, high, step = (float(number or 1.0) for number in found.groups())
    if not step > 0.0 or high < low or (high - low) / step >= MAX_VALUES:
        raise _refuse(f"the range {text!r} goes nowhere or too far", grid, f"at most {MAX_VALUES} values, upwards")
    # low + k * step: a running sum would drift, and 0.1 + 0.1 + 0.1 is not 0.3.
    return [low + k * step for k in range(math.floor((high - low) / step + 1e-9) + 1)]


def parse_grid(grid: str, parameters: tuple[str, ...]) -> list[list[float]]:
    """The values of each parameter, in the order of `parameters`.

    Raises CWS-BACKTEST-021 for what is no number, and unless each parameter stands exactly once.
    """
    given: dict[str, list[float]] = {}
    for part in grid.split(","):
        name, _, text = part.strip().partition(" ")
        if name not in parameters or name in given:
            raise _refuse(f"{name!r} is unknown or there twice", grid, f"give each of {', '.join(parameters)} once")
        given[name] = _values(text.strip(), grid)
    missing = [name for name in parameters if name not in given]
    if missing:
        raise _refuse(f"{', '.join(missing)} is missing", grid, f"give each of {', '.join(parameters)} once")
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
