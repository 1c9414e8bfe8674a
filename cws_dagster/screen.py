"""What commands print on stdout: tables on a terminal, aligned columns of full values in a pipe, or one JSON line.

In a pipe nothing is cut to a guessed width, coloured or framed, so `grep`, `awk` and logs see every value whole.
"""

import json
import math
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

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line of stdout.")]
HASH_CHARACTERS = 12
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

    def line(self, text: str = "", style: str = "") -> None:
        if self.is_terminal:
            self._console.print(Text(text, style=style))
        else:
            write(text + "\n")

    def hash(self, value: str) -> str:
        """The first characters of a hash on a terminal, all of it in a pipe."""
        return value.removeprefix("b3:")[:HASH_CHARACTERS] if self.is_terminal else value

    def time(self, ts_ns: int) -> str:
        """UTC to the second on a terminal, in full in a pipe."""
        return utc(ts_ns)[:19].replace("T", " ") + "Z" if self.is_terminal else utc(ts_ns)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A titled table; numbers stand right on a terminal."""
        if not self.is_terminal:
            self.line(title)
            for line in aligned(columns, rows):
                self.line(line)
            self.line()
            return
        self.line(title, "bold")
        table = Table(box=box.SIMPLE_HEAD)
        for place, name in enumerate(columns):
            is_count = bool(rows) and all(isinstance(row[place], int) or row[place] is None for row in rows)
            table.add_column(name, justify="right" if is_count else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        self._console.print(table)

    def facts(self, title: str, facts: Mapping[str, Any]) -> None:
        """Name and value, one a line."""
        self.line(title, "bold")
        width = max((len(name) for name in facts), default=0)
        for name, value in facts.items():
            self.line(f"  {name.ljust(width)}  {_cell(value) if self.is_terminal else '-' if value is None else value}")
