"""A grid of parameter sets in words: `fast_bars 5..50 by 5, slow_bars 60 120 250`, all combinations in order."""

import math
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kernels.sweep_features import RULES
from modules.errors import CwsError

F64 = NDArray[np.float64]
CHUNK_SETS = 65_536
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?: by ({_NUMBER}))?")
# More than any grid of one parameter needs, so that a range of a typing error does not fill the memory.
MAX_VALUES = 100_000
MAX_WINDOW_BARS = 100_000


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
