"""Where the batch evaluator keeps values: whole matrices, and a few rows at a time of what is needed at once only."""

from dataclasses import dataclass

import numpy as np

from kernels.alpha.elementwise import F64
from kernels.lanes import LANES

# Cells of the rows that go together through what looks at one row only: some such pieces lie in the second cache.
CELLS = 1 << 15
# Cells of three huge pages, of which two lie whole in any such stretch.
_HUGE = 3 << 18


def row_bounds(bars: int, symbols: int) -> tuple[int, ...]:
    """Where each piece begins, and the number of bars; no piece has too few cells to fill the lanes."""
    pieces = min(bars, bars * symbols // CELLS) or 1
    return tuple(bars * piece // pieces for piece in range(pieces + 1))


@dataclass(frozen=True)
class Held:
    """A whole matrix, or only the rows of it that are in work."""

    rows: F64
    passing: bool = False

    def piece(self, first: int, last: int) -> F64:
        return self.rows[: last - first] if self.passing else self.rows[first:last]


def _empty(cells: int) -> F64:
    """Numbers, the first at the begin of a line of the cache; where they are many there is room enough for numpy to ask
    for huge pages, which it does from 4 MiB on."""
    found = np.empty(LANES + (max(cells, _HUGE) if 2 * cells > _HUGE else cells))
    return found[-(found.ctypes.data // 8) % LANES :][:cells]


class Memory:
    """Of one evaluation: matrices that may be filled anew, and pieces carved from them."""

    def __init__(self, shape: tuple[int, ...], spare: list[F64]) -> None:
        self.shape, self.bounds, self._spare = shape, row_bounds(*shape), spare
        rows = np.diff(self.bounds)
        self._most_rows, self.least_cells = int(rows.max()), int(rows.min()) * shape[1]
        self._pieces: list[F64] = []
        self._carved: list[F64] = []

    def whole(self) -> F64:
        return self._spare.pop() if self._spare else _empty(self.shape[0] * self.shape[1]).reshape(self.shape)

    def passing(self) -> Held:
        """Room for the rows in work."""
        if not self._pieces:
            matrix, rows = self.whole(), self._most_rows
            self._carved.append(matrix)
            self._pieces += [matrix[first : first + rows] for first in range(0, len(matrix) - rows + 1, rows)][::-1]
        return Held(self._pieces.pop(), passing=True)

    def release(self, held: Held) -> None:
        """What nobody reads any more may be filled anew."""
        (self._pieces if held.passing else self._spare).append(held.rows)

    def close(self) -> None:
        self._spare += self._carved
