"""What commands print on stdout: tables on a terminal, aligned columns of full values in a pipe, or one JSON line.

In a pipe nothing is cut to a guessed width, coloured or framed, so `grep`, `awk` and logs see every value whole.
"""

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cws_dagster.layout import NARROW_GAP, WIDE_GAP, fitted, is_figure, wrapped

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line of stdout.")]
HASH_CHARACTERS = 12
LONG_HASH = re.compile(rf"\b(?:b3:)?([0-9a-f]{{{HASH_CHARACTERS}}})[0-9a-f]{{20,52}}\b")
# 128 + SIGPIPE.
BROKEN_PIPE = 141


def plain(value: Any) -> Any:
    """As JSON knows it: what is not a number is null, paths are text, numpy scalars are Python's."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def write(text: str) -> None:
    """To stdout; a reader that left (`cws ... | head`) ends the command as a shell would have it."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise typer.Exit(BROKEN_PIPE) from None


def print_json(content: Mapping[str, Any]) -> None:
    write(json.dumps(plain(content), allow_nan=False) + "\n")


def figure(value: float | None) -> str:
    """A statistic for people: four decimals, `-` where it cannot be said."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.4f}"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _plain_cell(value: Any) -> str:
    return "-" if value is None else str(value)


def aligned(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Header and rows as lines, columns two spaces apart; a line break inside a value becomes a space."""
    cells = [
        [" ".join(str("-" if value is None else value).split()) or "-" for value in row] for row in [columns, *rows]
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def utc(ts_ns: int) -> str:
    """ISO 8601 in UTC, to the microsecond where there is one."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=ts_ns // 1_000)).isoformat()


class Screen:
    """stdout, as it is now: `is_terminal` decides between people and pipes."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, emoji=False)
        self.is_terminal = self._console.is_terminal

    def line(self, text: str = "", style: str = "", indent: str = "") -> None:
        """One line; on a terminal it is wrapped between words, and what follows its first line is indented."""
        if self.is_terminal:
            # Rich would break a word that is longer than the terminal: the terminal itself does that without a newline.
            self._console.print(Text(wrapped(text, self._console.width, indent), style=style), soft_wrap=True)
        else:
            write(text + "\n")

    def hash(self, value: str) -> str:
        """The first characters of a hash on a terminal, all of it in a pipe."""
        return value.removeprefix("b3:")[:HASH_CHARACTERS] if self.is_terminal else value

    def brief(self, text: str) -> str:
        """A text whose hashes are shortened like `hash`."""
        return LONG_HASH.sub(r"\1", text) if self.is_terminal else text

    def time(self, ts_ns: int) -> str:
        """UTC to the minute on a terminal, in full in a pipe."""
        return utc(ts_ns)[:16].replace("T", " ") + "Z" if self.is_terminal else utc(ts_ns)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A titled table; where words do not fit beside each other on a terminal, a block of lines a row."""
        self.line(title, "bold")
        if not self.is_terminal:
            for line in aligned(columns, rows):
                self.line(line)
            self.line()
            return
        cells = [[" ".join(_cell(value).split()) for value in row] for row in rows]
        for gap in (WIDE_GAP, NARROW_GAP):
            if widths := fitted([columns, *cells], self._console.width, gap):
                self._framed(columns, cells, widths, gap)
                return
        for row in cells:
            self._named(list(zip(columns, row, strict=True)))
            self.line()

    def _framed(self, columns: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int], gap: int) -> None:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0))
        for place, name in enumerate(columns):
            figures = bool(cells) and all(is_figure(row[place]) for row in cells)
            table.add_column(name, justify="right" if figures else "left", width=widths[place], overflow="fold")
        for row in cells:
            table.add_row(*row)
        self._console.print(table)
        self.line()

    def facts(self, title: str, facts: Mapping[str, Any]) -> None:
        """Name and value, one a line."""
        self.line(title, "bold")
        shown = _cell if self.is_terminal else _plain_cell
        self._named([(name, shown(value)) for name, value in facts.items()])

    def _named(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Values stand in a column beside their names, or below them where that leaves less than half a line."""
        widest = max((len(name) for name, _ in pairs), default=0)
        if self.is_terminal and widest > self._console.width // 2:
            for name, value in pairs:
                self.line(f"  {name}")
                self.line(f"      {value}", "dim", " " * 6)
            return
        for name, value in pairs:
            self.line(f"  {name.ljust(widest)}  {value}", indent=" " * (widest + 4))
