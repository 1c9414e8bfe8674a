"""How text is laid out on a terminal: lines give way, words never do, because keys, names and commands are copied."""

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len

WIDE_GAP, NARROW_GAP = 2, 1


def fitted(cells: Sequence[Sequence[str]], width: int, gap: int) -> list[int] | None:
    """Widths of columns that stand `gap` apart in `width`; None where that would break a word.

    `cells` are the header and the rows. The widest column gives way first, down to its longest word.
    """
    columns = list(zip(*cells, strict=True))
    least = [max((cell_len(word) for cell in column for word in cell.split()), default=1) for column in columns]
    widths = [max(cell_len(cell) for cell in column) for column in columns]
    room = width - gap * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        yielding = [place for place, own in enumerate(widths) if own > least[place]]
        widths[max(yielding, key=widths.__getitem__)] -= 1
    return widths


def wrapped(text: str, width: int, indent: str = "") -> str:
    """Each line of `text` in lines of at most `width`, longer only by one word; what follows the first is indented."""
    return "\n".join(
        textwrap.fill(line, max(width, 1), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


def is_figure(text: str) -> bool:
    """Whether a cell reads as a number, so that it stands right."""
    try:
        float(text.replace(",", ""))
    except ValueError:
        return text in ("-", "")
    return True
