"""What the running sums of the batch evaluator are made of, in vector lanes: sums and products with what rounding lost.

The compiler's disk cache of the kernels does not notice a change here: change them too, or delete it.
"""

import numba as nb

from kernels.lanes import choose, finite, fma, root, spread

# Lanes are no type of Python's: in signatures they are the float that each of them holds.
# pyright: reportOperatorIssue=false, reportCallIssue=false, reportArgumentType=false, reportReturnType=false


@nb.njit(inline="always")
def take(high: float, low: float, value: float) -> tuple[float, float]:
    """Add a value to the sum (high, low); what the addition loses goes into low (Knuth)."""
    total = high + value
    other = total - high
    return total, low + ((high - (total - other)) + (value - other))


@nb.njit(inline="always")
def take_product(high: float, low: float, value: float, lost: float) -> tuple[float, float]:
    """Add a value and what its own rounding lost."""
    total = high + value
    other = total - high
    return total, low + (((high - (total - other)) + (value - other)) + lost)


@nb.njit(inline="always")
def give(high: float, low: float, value: float) -> tuple[float, float]:
    """Take a value out of the sum: what `take` of -value gives, for a sum is never -0.0."""
    total = high - value
    other = total - high
    return total, low + ((high - (total - other)) - (value + other))


@nb.njit(inline="always")
def give_product(high: float, low: float, value: float, lost: float) -> tuple[float, float]:
    """Take out a value and what its own rounding lost."""
    total = high - value
    other = total - high
    return total, low + (((high - (total - other)) - (value + other)) - lost)


@nb.njit(inline="always")
def times(one: float, other: float) -> tuple[float, float]:
    """one * other and what its rounding lost."""
    product = one * other
    return product, fma(one, other, -product)


@nb.njit(inline="always")
def runs(v: float, last: float, known: float, equal: float) -> tuple[float, float]:
    """Finite bars in a row and equal bars in a row, this one among them."""
    one = spread(1.0)
    return choose(finite(v), known + one, spread(0.0)), choose(v == last, equal + one, one)


@nb.njit(inline="always")
def finite_or_zero(value: float) -> float:
    return choose(finite(value), value, spread(0.0))


@nb.njit(inline="always")
def positive_root(value: float) -> float:
    return root(choose(value > spread(0.0), value, spread(0.0)))


@nb.njit(inline="always")
def centred(n: float, pp: float, pc: float, a: float, ac: float, c: float, cc: float) -> float:
    """n * sum(xy) - sum(x) * sum(y), each sum as (high, low), before the last rounding."""
    left, left_lost = times(n, pp)
    right, right_lost = times(a, c)
    turned = -right
    total = left + turned
    other = total - left
    lost = (left - (total - other)) + (turned - other)
    return total + (lost + ((left_lost + n * pc) - (right_lost + (a * cc + ac * c))))
