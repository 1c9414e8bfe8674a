"""A grid of settings: named axes, all combinations in order, the last axis fastest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modules.errors import CwsError

Scalar = str | int | float
I64 = NDArray[np.int64]
MAX_AXES = 12


@dataclass(frozen=True)
class Axis:
    """One setting and the values that it takes; `words` are how somebody wrote them."""

    name: str
    values: tuple[Scalar, ...]
    words: str

    def labels(self) -> list[str]:
        return [f"{self.name}={value}" for value in self.values]


@dataclass(frozen=True)
class Grid:
    """All combinations of the axes; set number 0 has every axis' first value. No axis: one set."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    def places(self, numbers: I64) -> list[I64]:
        """For each axis (n,) the places of its values in these sets."""
        if not self.axes:
            return []
        return [place.astype(np.int64) for place in np.unravel_index(numbers, [len(a.values) for a in self.axes])]

    def values(self, number: int) -> dict[str, Scalar]:
        """One set by name."""
        places = self.places(np.array([number], dtype=np.int64))
        return {axis.name: axis.values[int(place[0])] for axis, place in zip(self.axes, places, strict=True)}

    def words(self) -> list[list[object]]:
        """As JSON: what decides the sets and their numbers."""
        return [[axis.name, list(axis.values)] for axis in self.axes]


def written_axes(text: str) -> list[tuple[str, str]]:
    """(name, words) of each part of `name=words, name=words`; the sign may be a space.

    Raises CWS-BATCH-001 for a part without values, a name that is there twice, or too many.
    """
    found: dict[str, str] = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        name, _, words = part.replace("=", " ", 1).partition(" ")
        if not words.strip() or name in found:
            why = "is there twice" if name in found else "has no values"
            raise _refused(f"{name!r} {why}", text)
        found[name] = words.strip()
    if len(found) > MAX_AXES:
        raise _refused(f"{len(found)} settings are more than {MAX_AXES}", text)
    return list(found.items())


def _refused(what: str, text: str) -> CwsError:
    fix = 'write --grid "reversal_5d.window_bars=3..10 by 1, cost_bps=1 5 10"'
    return CwsError("CWS-BATCH-001", what=what, where=f"--grid {text[:200]!r}", fix=fix)


def need_room(size: int, max_sets: int, where: str) -> None:
    """Raises CWS-BATCH-002 above `max_sets` sets."""
    if size > max_sets:
        raise CwsError(
            "CWS-BATCH-002", what=f"the grid holds {size:,} sets, above {max_sets:,}", where=where,
            fix="take a coarser grid, or raise --max-sets",
        )  # fmt: skip


def need_distinct(axis: Axis, digests: Sequence[str], where: str) -> None:
    """Raises CWS-BATCH-003 when two values of an axis ask the same question: that would be one trial, run twice."""
    seen: dict[str, Scalar] = {}
    for value, digest in zip(axis.values, digests, strict=True):
        if digest in seen:
            raise CwsError(
                "CWS-BATCH-003", what=f"{axis.name}={seen[digest]} and ={value} ask for the same backtest", where=where,
                fix="give each value once, of a setting that a module of the chain takes from there",
            )  # fmt: skip
        seen[digest] = value
