"""Numbers in words: `5..50 by 5` or `5 10 20`. What a grid says of one parameter."""

import math
import re

from modules.errors import CwsError

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?: by ({_NUMBER}))?")
# More than any grid of one parameter needs, so that a range of a typing error does not fill the memory.
MAX_VALUES = 100_000


def refused_grid(what: str, grid: str, fix: str) -> CwsError:
    """The refusal of a grid that does not say what to try."""
    return CwsError("CWS-BACKTEST-021", what=what, where=f"setting grid, {grid[:200]!r}", fix=fix)


def values_of(text: str, grid: str) -> list[float]:
    """The numbers of a range or a list; `grid` is named in a refusal (CWS-BACKTEST-021)."""
    found = _RANGE.fullmatch(text)
    if found is None:
        words = text.split()
        if not words or not all(re.fullmatch(_NUMBER, word) for word in words):
            raise refused_grid(f"{text!r} is no range and no list of numbers", grid, "write `5..50 by 5` or `5 10 20`")
        return [float(word) for word in words]
    low, high, step = (float(number or 1.0) for number in found.groups())
    if not step > 0.0 or high < low or (high - low) / step >= MAX_VALUES:
        raise refused_grid(f"the range {text!r} goes nowhere or too far", grid, f"at most {MAX_VALUES} values, upwards")
    # low + k * step: a running sum would drift, and 0.1 + 0.1 + 0.1 is not 0.3.
    return [low + k * step for k in range(math.floor((high - low) / step + 1e-9) + 1)]
