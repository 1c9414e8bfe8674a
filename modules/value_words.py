"""Numbers in words: `5..50 by 5` or `5 10 20`. What a grid says of one parameter."""

import re
from decimal import Decimal, localcontext

from modules.errors import CwsError

# No number of a grid needs more digits, and so many are added and multiplied exactly.
_NUMBER = r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?"
EXACT_DIGITS = 120
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?: by ({_NUMBER}))?")
# More than any grid of one parameter needs, so that a range of a typing error does not fill the memory.
MAX_VALUES = 100_000


def refused_grid(what: str, grid: str, fix: str) -> CwsError:
    """The refusal of a grid that does not say what to try."""
    return CwsError("CWS-BACKTEST-021", what=what, where=f"setting grid, {grid[:200]!r}", fix=fix)


def values_of(text: str, grid: str) -> list[float]:
    """The numbers of a range or a list, each the float nearest to the decimal number; a range stops at its end.

    Raises CWS-BACKTEST-021, which names `grid`, for what is neither, for a range that goes nowhere or too far, and for
    one without `by` between numbers that are not whole.
    """
    found = _RANGE.fullmatch(text)
    if found is None:
        words = text.split()
        if not words or not all(re.fullmatch(_NUMBER, word) for word in words):
            raise refused_grid(f"{text!r} is no range and no list of numbers", grid, "write `5..50 by 5` or `5 10 20`")
        return [_float(Decimal(word)) for word in words]
    low, high, step = (Decimal(number or 1) for number in found.groups())
    if not found[3] and any(end != end.to_integral_value() for end in (low, high)):
        raise refused_grid(f"the range {text!r} does not say its step", grid, f"write `{text} by 0.1`")
    with localcontext(prec=EXACT_DIGITS):
        if not step > 0 or high < low or (high - low) / step >= MAX_VALUES:
            fix = f"at most {MAX_VALUES} values, upwards"
            raise refused_grid(f"the range {text!r} goes nowhere or too far", grid, fix)
        # In decimal numbers: in floats 0.1 + 2 * 0.1 is not 0.3, and what passes the end cannot be told from rounding.
        return [_float(low + k * step) for k in range(int((high - low) / step) + 1)]


def _float(number: Decimal) -> float:
    """Minus zero is zero: two words for one value would be two trials."""
    return float(number) + 0.0
