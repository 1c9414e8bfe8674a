"""The running sums of a stream, a row of symbols at a time, in the order of operations of docs/alpha.md.

A memory is a few named arrays and nothing else: rings of the last bars, the sums, and how long all was well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kernels.alpha.elementwise import F64
from kernels.alpha.fused import fma_rows
from kernels.alpha.language import ANCHOR_BARS

Memory: TypeAlias = dict[str, F64]
# Running sums as (sum, what its rounding lost), one pair for each sum.
Sums: TypeAlias = list[tuple[F64, F64]]


def _add(one: F64, other: F64) -> tuple[F64, F64]:
    """The rounded sum and its error (Knuth)."""
    total = one + other
    part = total - one
    return total, (one - (total - part)) + (other - part)


def _times(one: F64, other: F64) -> tuple[F64, F64]:
    """The rounded product and its error."""
    product = one * other
    return product, fma_rows(one, other, -product)


def _take(sums: tuple[F64, F64], row: F64, lost: F64 | float) -> tuple[F64, F64]:
    total, error = _add(sums[0], row)
    return total, sums[1] + (error + lost)


def _away(product: tuple[F64, F64]) -> tuple[F64, F64]:
    return -product[0], -product[1]


def oldest_first(ring: F64, bar: int) -> list[F64]:
    return [ring[place % len(ring)] for place in range(bar - len(ring) + 1, bar + 1)]


def fresh_sums(bars: int, symbols: int, rows: int, sides: int) -> Memory:
    rings = {f"ring{side}": np.full((bars, symbols), np.nan) for side in range(sides)}
    return {**rings, "sums": np.zeros((rows, 2, symbols)), "life": np.zeros((sides, 3, symbols))}


def _follow(life: F64, row: F64) -> None:
    finite, equal, last = life
    finite[:] = np.where(np.isfinite(row), finite + 1.0, 0.0)
    equal[:] = np.where(row == last, equal + 1.0, 1.0)
    last[:] = row


def _clean(rows: tuple[F64, ...]) -> tuple[F64, ...]:
    good = np.all([np.isfinite(row) for row in rows], axis=0)
    return tuple(np.where(good, row, 0.0) for row in rows)


def _checked(sums: Sums) -> F64:
    both = [high + low for high, low in sums]
    if len(both) == 5:
        return (both[0] + both[1]) + ((both[2] + both[3]) + both[4])
    return both[0] + both[1] if len(both) == 2 else both[0]


@dataclass(frozen=True)
class _Kind:
    """`more` takes a clean bar into the sums, `less` takes the oldest out; `rank` is the bar's place in its window."""

    more: Callable[[Sums, tuple[F64, ...], int], Sums]
    turn: Callable[[Sums, tuple[F64, ...], tuple[F64, ...], int], Sums]
    sums: int


def _run(memory: Memory, bar: int, bars: int, rows: tuple[F64, ...], kind: _Kind) -> Sums:
    """The sums after this bar: from the window itself at anchors and where they left float64, else in with the new bar
    and out with the old one."""
    rings = [memory[f"ring{side}"] for side in range(len(rows))]
    old = tuple(ring[bar % bars].copy() for ring in rings)
    for side, row in enumerate(rows):
        rings[side][bar % bars] = row
        _follow(memory["life"][side], row)
    if bar < bars - 1:
        return []

    def anchored() -> Sums:
        sums: Sums = [(np.zeros_like(rows[0]), np.zeros_like(rows[0])) for _ in range(kind.sums)]
        for place, held in enumerate(zip(*[oldest_first(ring, bar) for ring in rings], strict=True)):
            sums = kind.more(sums, _clean(held), place + 1)
        return sums

    if bar == bars - 1 or bar % ANCHOR_BARS == 0:
        sums = anchored()
    else:
        before: Sums = [(pair[0].copy(), pair[1].copy()) for pair in memory["sums"]]
        sums = kind.turn(before, _clean(rows), _clean(old), bars)
        wild = ~np.isfinite(_checked(sums))
        if wild.any():
            sums = [
                (np.where(wild, new[0], kept[0]), np.where(wild, new[1], kept[1]))
                for new, kept in zip(anchored(), sums, strict=True)
            ]
    memory["sums"][...] = sums
    return sums


def _good(memory: Memory, bars: int, sums: Sums, value: F64) -> F64:
    full = np.all(memory["life"][:, 0] >= bars, axis=0)
    return np.where(full & np.isfinite(_checked(sums)) & ~np.isnan(value), value, np.nan)


def _more_sum(sums: Sums, rows: tuple[F64, ...], rank: int) -> Sums:
    return [_take(sums[0], rows[0], 0.0)]


def _turn_sum(sums: Sums, new: tuple[F64, ...], old: tuple[F64, ...], bars: int) -> Sums:
    return [_take(_take(sums[0], new[0], 0.0), -old[0], 0.0)]


def _more_square(sums: Sums, rows: tuple[F64, ...], rank: int) -> Sums:
    return [_take(sums[0], rows[0], 0.0), _take(sums[1], *_times(rows[0], rows[0]))]


def _turn_square(sums: Sums, new: tuple[F64, ...], old: tuple[F64, ...], bars: int) -> Sums:
    squares = _take(sums[1], *_times(new[0], new[0]))
    return [*_turn_sum(sums, new, old, bars), _take(squares, *_away(_times(old[0], old[0])))]


def _more_weighted(sums: Sums, rows: tuple[F64, ...], rank: int) -> Sums:
    return [_take(sums[0], rows[0], 0.0), _take(sums[1], *_times(np.full_like(rows[0], rank), rows[0]))]


def _turn_weighted(sums: Sums, new: tuple[F64, ...], old: tuple[F64, ...], bars: int) -> Sums:
    # Every weight falls by one, and the oldest to none: that is the sum of the window before.
    heavy = _take(sums[1], *_times(np.full_like(new[0], bars), new[0]))
    return [*_turn_sum(sums, new, old, bars), _take(heavy, *_away(sums[0]))]


def _products(rows: tuple[F64, ...]) -> list[tuple[F64, F64]]:
    x, y = rows
    return [(x, np.zeros_like(x)), (y, np.zeros_like(x)), _times(x, x), _times(y, y), _times(x, y)]


def _more_pair(sums: Sums, rows: tuple[F64, ...], rank: int) -> Sums:
    return [_take(one, *product) for one, product in zip(sums, _products(rows), strict=True)]


def _turn_pair(sums: Sums, new: tuple[F64, ...], old: tuple[F64, ...], bars: int) -> Sums:
    sums = _more_pair(sums, new, 0)
    return [_take(one, *_away(product)) for one, product in zip(sums, _products(old), strict=True)]


_SUM, _SQUARE = _Kind(_more_sum, _turn_sum, 1), _Kind(_more_square, _turn_square, 2)
_WEIGHTED, _PAIR = _Kind(_more_weighted, _turn_weighted, 2), _Kind(_more_pair, _turn_pair, 5)


def _centred(bars: int, product: tuple[F64, F64], one: tuple[F64, F64], other: tuple[F64, F64]) -> F64:
    """bars * sum(xy) - sum(x) * sum(y), rounded once."""
    left, left_lost = _times(np.full_like(product[0], bars), product[0])
    right, right_lost = _times(one[0], other[0])
    total, lost = _add(left, -right)
    lost_left = left_lost + float(bars) * product[1]
    return total + (lost + (lost_left - (right_lost + (one[0] * other[1] + one[1] * other[0]))))


def _flat(memory: Memory, bars: int, side: int = 0) -> NDArray[np.bool_]:
    return memory["life"][side, 1] >= bars


def total(memory: Memory, bar: int, bars: int, row: F64, *, divided: bool) -> F64:
    sums = _run(memory, bar, bars, (row,), _SUM)
    if not sums:
        return np.full_like(row, np.nan)
    divisor = float(bars) if divided else 1.0
    value = np.where(_flat(memory, bars), row * (bars / divisor), (sums[0][0] + sums[0][1]) / divisor)
    return _good(memory, bars, sums, value)


def std(memory: Memory, bar: int, bars: int, row: F64) -> F64:
    sums = _run(memory, bar, bars, (row,), _SQUARE)
    if not sums or bars < 2:
        return np.full_like(row, np.nan)
    centred = _centred(bars, sums[1], sums[0], sums[0])
    spread = np.sqrt(np.where(centred > 0.0, centred, 0.0) / (bars * (bars - 1.0)))
    value = np.where(_flat(memory, bars), 0.0, spread)
    return np.where(np.isnan(centred), np.nan, _good(memory, bars, sums, value))


def decay(memory: Memory, bar: int, bars: int, row: F64) -> F64:
    sums = _run(memory, bar, bars, (row,), _WEIGHTED)
    if not sums:
        return np.full_like(row, np.nan)
    value = (sums[1][0] + sums[1][1]) / (bars * (bars + 1.0) / 2.0)
    return _good(memory, bars, sums, np.where(_flat(memory, bars), row, value))


def slope(memory: Memory, bar: int, bars: int, row: F64) -> F64:
    sums = _run(memory, bar, bars, (row,), _WEIGHTED)
    if not sums or bars < 2:
        return np.full_like(row, np.nan)
    (plain, plain_lost), (heavy, heavy_lost) = sums
    product, product_lost = _times(np.full_like(row, bars + 1.0), plain)
    total, error = _add(2.0 * heavy, -product)
    tilt = total + (error + ((2.0 * heavy_lost - product_lost) - (bars + 1.0) * plain_lost))
    value = tilt / (bars * (float(bars) * bars - 1.0) / 6.0)
    return _good(memory, bars, sums, np.where(_flat(memory, bars), 0.0, value))


def cov(memory: Memory, bar: int, bars: int, one: F64, other: F64) -> F64:
    sums = _run(memory, bar, bars, (one, other), _PAIR)
    if not sums or bars < 2:
        return np.full_like(one, np.nan)
    value = _centred(bars, sums[4], sums[0], sums[1]) / (bars * (bars - 1.0))
    value = np.where(_flat(memory, bars, 0) | _flat(memory, bars, 1), 0.0, value)
    return _good(memory, bars, sums, np.where(np.isfinite(value), value, np.nan))


def corr(memory: Memory, bar: int, bars: int, one: F64, other: F64) -> F64:
    sums = _run(memory, bar, bars, (one, other), _PAIR)
    if not sums or bars < 2:
        return np.full_like(one, np.nan)
    spreads = [_centred(bars, sums[2 + side], sums[side], sums[side]) for side in (0, 1)]
    roots = [np.sqrt(np.where(spread > 0.0, spread, 0.0)) for spread in spreads]
    value = _centred(bars, sums[4], sums[0], sums[1]) / (roots[0] * roots[1])
    value = np.where(value > 1.0, 1.0, np.where(value < -1.0, -1.0, value))
    unknown = _flat(memory, bars, 0) | _flat(memory, bars, 1) | ~np.isfinite(value)
    return _good(memory, bars, sums, np.where(unknown, np.nan, value))
