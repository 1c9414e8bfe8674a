"""A vendor's text file with its future changed: every line after a day, and none at or before it."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """Where a source keeps its day, what is a price and what a volume; `zone` is where its days end."""

    day_column: int
    price_columns: tuple[int, ...]
    volume_column: int | None
    zone: str


LAYOUTS: Mapping[str, Layout] = {
    "xs_reversal": Layout(0, tuple(range(1, 21)), None, "America/New_York"),
    "ts_momentum": Layout(1, (2, 3, 4, 5, 7), 6, "America/New_York"),
    "btc_intraday": Layout(0, (1, 2, 3, 4, 5), 6, "Europe/London"),
}


def text_of(data: bytes) -> list[str]:
    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return plain.decode().splitlines()


def bytes_of(lines: list[str], like: bytes) -> bytes:
    plain = ("\n".join(lines) + "\n").encode()
    return gzip.compress(plain, mtime=0) if like[:2] == b"\x1f\x8b" else plain


def day_of(line: str, layout: Layout) -> str:
    return line.split(",")[layout.day_column][:10]


def scaled(line: str, layout: Layout, rng: np.random.Generator) -> str:
    """The line with all prices times one random factor, and the volume times another."""
    cells, factor = line.split(","), rng.uniform(0.95, 1.06)
    for at in layout.price_columns:
        cells[at] = repr(float(cells[at]) * factor) if cells[at] else ""
    if layout.volume_column is not None:
        cells[layout.volume_column] = str(int(float(cells[layout.volume_column]) * rng.uniform(0.1, 9.0)))
    return ",".join(cells)


def altered(later: list[str], layout: Layout, rng: np.random.Generator) -> list[str]:
    return [scaled(line, layout, rng) for line in later]


def dropped(later: list[str], layout: Layout, rng: np.random.Generator) -> list[str]:
    return [line for line in later if rng.random() < 0.5]


def added(later: list[str], layout: Layout, rng: np.random.Generator) -> list[str]:
    """Conflicting duplicates of half of the rows, which come first and so win; where rows name theirs, a new symbol."""
    twice = [line for line in later if rng.random() < 0.5]
    newcomers = [f"AAAA,{line.split(',', 1)[1]}" for line in later if line.startswith("IBM,")]
    return [scaled(line, layout, rng) for line in twice] + later + newcomers


def gone(later: list[str], layout: Layout, rng: np.random.Generator) -> list[str]:
    return []


def wild(later: list[str], layout: Layout, rng: np.random.Generator) -> list[str]:
    """Each price on its own and some below zero, so that many bars are impossible and go to quarantine.

    Moves stay small: an account that is ruined in the future has no targets to compare.
    """
    out = []
    for line in later:
        cells = line.split(",")
        for at in layout.price_columns:
            factor = -1.0 if rng.random() < 0.01 else rng.uniform(0.97, 1.03)
            cells[at] = repr(float(cells[at]) * factor) if cells[at] else ""
        out.append(",".join(cells))
    return out


CHANGES: Mapping[str, Callable[[list[str], Layout, np.random.Generator], list[str]]] = {
    "altered": altered,
    "dropped": dropped,
    "added": added,
    "gone": gone,
    "wild": wild,
}


def changed_future(data: bytes, layout: Layout, last_day: str, change: str) -> bytes:
    """The file with every line after `last_day` handed to the change; earlier lines stay in their order."""
    header, *lines = text_of(data)
    before = [line for line in lines if day_of(line, layout) <= last_day]
    later = [line for line in lines if day_of(line, layout) > last_day]
    assert before and later, "the day must lie inside the file"
    return bytes_of([header, *before, *CHANGES[change](later, layout, np.random.default_rng(7))], data)
