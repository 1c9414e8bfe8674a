"""Operators that look at one bar of one symbol, a whole tree of them in one pass over memory, for the batch evaluator.

A block of cells goes through all operators of a tree while it lies in the processor's nearest cache. The results are
those of `kernels.alpha.elementwise`, bit for bit.
"""

from collections.abc import Callable

import numba as nb
import numpy as np
from numpy.typing import NDArray

from kernels.lanes import LANES, choose, differs, load_from, put_at, root, size, spread, store_to, value_at

# Lanes of kernels.lanes are no type of Python's.
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportArgumentType=false, reportReturnType=false

F64, I64 = NDArray[np.float64], NDArray[np.int64]
BLOCK = 256
# The place of an operator is its number in a program.
OPERATORS = (
    "copy", "neg", "abs", "sign", "sqrt", "not", "+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or",
    "min", "max", "clip", "if_else",
)  # fmt: skip


@nb.njit
def _copy(x: float) -> float:
    return x


@nb.njit
def _neg(x: float) -> float:
    return -x


@nb.njit
def _abs(x: float) -> float:
    return size(x)


@nb.njit
def _sign(x: float) -> float:
    zero, one = spread(0.0), spread(1.0)
    return choose(x > zero, one, choose(x < zero, -one, x + zero))


@nb.njit
def _sqrt(x: float) -> float:
    return root(x)


@nb.njit
def _not(x: float) -> float:
    return spread(1.0) - x


@nb.njit
def _add(x: float, y: float) -> float:
    return x + y


@nb.njit
def _subtract(x: float, y: float) -> float:
    return x - y


@nb.njit
def _multiply(x: float, y: float) -> float:
    return x * y


@nb.njit
def _divide(x: float, y: float) -> float:
    return x / y


@nb.njit
def _judged(x: float, y: float, truth: bool) -> float:
    return choose((x == x) & (y == y), choose(truth, spread(1.0), spread(0.0)), spread(np.nan))


@nb.njit
def _less(x: float, y: float) -> float:
    return _judged(x, y, x < y)


@nb.njit
def _no_more(x: float, y: float) -> float:
    return _judged(x, y, x <= y)


@nb.njit
def _equal(x: float, y: float) -> float:
    return _judged(x, y, x == y)


@nb.njit
def _differs(x: float, y: float) -> float:
    return _judged(x, y, differs(x, y))


@nb.njit
def _smaller(x: float, y: float) -> float:
    x, y = x + spread(0.0), y + spread(0.0)
    return choose(x == x, choose(x < y, x, y), x)


@nb.njit
def _larger(x: float, y: float) -> float:
    x, y = x + spread(0.0), y + spread(0.0)
    return choose(x == x, choose(x > y, x, y), x)


@nb.njit
def _clip(x: float, low: float, high: float) -> float:
    x = choose(x < low, low, x)
    return choose(x > high, high, x) + spread(0.0)


@nb.njit
def _if_else(condition: float, yes: float, no: float) -> float:
    return choose(condition == condition, choose(condition == spread(1.0), yes, no), spread(np.nan))


@nb.njit
def _each(function: Callable[..., float], cells: int, to: int, x: int) -> None:
    for at in range(0, 8 * cells, 8 * LANES):
        store_to(to + at, function(load_from(x + at)))


@nb.njit
def _each_two(function: Callable[..., float], cells: int, to: int, x: int, y: int) -> None:
    for at in range(0, 8 * cells, 8 * LANES):
        store_to(to + at, function(load_from(x + at), load_from(y + at)))


@nb.njit
def _each_three(function: Callable[..., float], cells: int, to: int, x: int, y: int, z: int) -> None:
    for at in range(0, 8 * cells, 8 * LANES):
        store_to(to + at, function(load_from(x + at), load_from(y + at), load_from(z + at)))


@nb.njit
def _apply(operator: int, cells: int, to: int, x: int, y: int, z: int) -> None:
    if operator == 0:
        _each(_copy, cells, to, x)
    elif operator == 1:
        _each(_neg, cells, to, x)
    elif operator == 2:
        _each(_abs, cells, to, x)
    elif operator == 3:
        _each(_sign, cells, to, x)
    elif operator == 4:
        _each(_sqrt, cells, to, x)
    elif operator == 5:
        _each(_not, cells, to, x)
    elif operator == 6:
        _each_two(_add, cells, to, x, y)
    elif operator == 7:
        _each_two(_subtract, cells, to, x, y)
    elif operator == 8 or operator == 16:
        _each_two(_multiply, cells, to, x, y)
    elif operator == 9:
        _each_two(_divide, cells, to, x, y)
    elif operator == 10:
        _each_two(_less, cells, to, x, y)
    elif operator == 11:
        _each_two(_no_more, cells, to, x, y)
    elif operator == 12:
        _each_two(_less, cells, to, y, x)
    elif operator == 13:
        _each_two(_no_more, cells, to, y, x)
    elif operator == 14:
        _each_two(_equal, cells, to, x, y)
    elif operator == 15:
        _each_two(_differs, cells, to, x, y)
    elif operator == 18:
        _each_two(_smaller, cells, to, x, y)
    elif operator == 17 or operator == 19:
        _each_two(_larger, cells, to, x, y)
    elif operator == 20:
        _each_three(_clip, cells, to, x, y, z)
    else:
        _each_three(_if_else, cells, to, x, y, z)


@nb.njit
def _begin(cells: int, to: int, x: int, missing: int) -> None:
    """What a delay gives around its first bar: NaN for `missing` cells, then the values that lie behind `x`."""
    for cell in range(cells):
        put_at(to + 8 * cell, np.nan if cell < missing else value_at(x + 8 * cell))


@nb.njit(cache=True, error_model="numpy")
def run_tree(program: I64, base: I64, shift: I64, passing: I64, scratch: F64, start: int, end: int) -> None:
    """Run a tree over the cells `start` to `end`; `program` has rows of (operator, result, operand, operand, operand).

    Operands and results are places. Those with an address in `base` are matrices, read `shift` cells back; of those
    that are `passing` only the cells from `start` on are there. The others are in their row of `scratch`, where also
    what stands before a matrix is put; such a row is no longer than there are cells.
    """
    block, now = scratch.shape[1], np.empty(len(base), np.int64)
    for begin in range(start, end, block):
        # The last block may overlap the one before: no result is an operand of what was already done.
        first = min(begin, end - block)
        for p in range(len(base)):
            spare = scratch.ctypes.data + 8 * block * p
            now[p] = base[p] + 8 * (first - shift[p] - start * passing[p]) if base[p] else spare
            if shift[p] > first:
                _begin(block, spare, now[p], shift[p] - first)
                now[p] = spare
        for step in range(len(program)):
            operator, to, x, y, z = program[step]
            _apply(operator, block, now[to], now[x], now[y], now[z])
