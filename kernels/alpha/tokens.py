"""Formula text to tokens with their positions."""

import re
from dataclasses import dataclass
from typing import Literal

from kernels.alpha.language import MAX_CHARS, FormulaError

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<free>\$[A-Za-z_][A-Za-z_0-9]*)|(?P<mark><=|>=|==|!=|[-+*/<>(),])"
)
POWER_FIX = "write signed_power(x, number), which keeps the sign of x, or x * x"


@dataclass(frozen=True)
class Token:
    """`kind` is end after the last character."""

    kind: Literal["number", "name", "free", "mark", "end"]
    text: str
    position: int


def _refuse_character(text: str, position: int) -> FormulaError:
    known = "use numbers, names, $name, + - * / < <= > >= == != ( ) and commas"
    fix = {"=": "write == to compare", "^": POWER_FIX}.get(text[position], known)
    return FormulaError("syntax", f"unknown character {text[position]!r}", position, fix)


def tokens(text: str) -> list[Token]:
    """All tokens and a final `end`.

    Raises FormulaError on a character outside the language and on a text that is too long.
    """
    if len(text) > MAX_CHARS:
        raise FormulaError("limit", f"{len(text)} characters", MAX_CHARS, f"use at most {MAX_CHARS} characters")
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refuse_character(text, position)
        kind = match.lastgroup
        if kind == "number" or kind == "name" or kind == "free" or kind == "mark":
            found.append(Token(kind, match.group(), position))
        position = match.end()
    return [*found, Token("end", "end of formula", len(text))]
