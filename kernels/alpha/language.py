"""The words of the alpha language: what a formula is made of, what each function takes, and how far it looks back.

A formula is a tree of numbers, fields of a bar and calls; operators are calls too. Everything is `real` but the
comparisons, which are `truth` and only stand as the condition of `if_else`. Windows and lags are whole-number literals,
never computed, so that the bars a formula needs are known before it runs and no lag can be negative.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

MAX_CHARS = 2_000
MAX_NODES = 500
MAX_DEPTH = 48
MAX_BARS = 2_520

Kind: TypeAlias = Literal["real", "truth"]
Parameter: TypeAlias = Literal["real", "truth", "window", "lag", "number"]
Wrong: TypeAlias = Literal["syntax", "name", "type", "limit"]


class FormulaError(ValueError):
    """A formula that is none: what is wrong, at which character (`position`, from 0), and what to write instead."""

    def __init__(self, wrong: Wrong, what: str, position: int, fix: str) -> None:
        self.wrong: Wrong = wrong
        self.what, self.position, self.fix = what, position, fix
        super().__init__(f"{what} (at character {position + 1}) -> {fix}")


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Field:
    name: str


@dataclass(frozen=True)
class Call:
    """An operator or function on `arguments`; `constants` are its literals (windows in bars, limits of clip)."""

    function: str
    arguments: tuple["Node", ...]
    constants: tuple[int | float, ...] = ()


Node: TypeAlias = Number | Field | Call


@dataclass(frozen=True)
class Signature:
    takes: tuple[Parameter, ...]
    gives: Kind = "real"


FIELDS = ("open", "high", "low", "close", "volume")
# `ret` is a word for a formula, so that no evaluator needs to know it.
RET = Call("-", (Call("/", (Field("close"), Call("delay", (Field("close"),), (1,)))), Number(1.0)))
COMPARISONS = ("<=", ">=", "==", "!=", "<", ">")
_WINDOWED = Signature(("real", "window"))
FUNCTIONS: dict[str, Signature] = {
    "delay": Signature(("real", "lag")),
    "delta": _WINDOWED,
    "tsum": _WINDOWED,
    "tmean": _WINDOWED,
    "tstd": _WINDOWED,
    "tmin": _WINDOWED,
    "tmax": _WINDOWED,
    "ema": _WINDOWED,
    "cs_rank": Signature(("real",)),
    "cs_z": Signature(("real",)),
    "clip": Signature(("real", "number", "number")),
    "sign": Signature(("real",)),
    "abs": Signature(("real",)),
    "if_else": Signature(("truth", "real", "real")),
}
_WORDS: dict[Parameter, str] = {"real": "x", "truth": "condition", "window": "bars", "lag": "bars", "number": "number"}


def usage(function: str) -> str:
    """How a function is written, for error texts: `delay(x, bars)`."""
    return f"{function}({', '.join(_WORDS[parameter] for parameter in FUNCTIONS[function].takes)})"


def lookback_bars(node: Node) -> int:
    """Bars before t that the value at t needs; an `ema` needs none, for it starts at the first value it sees."""
    if not isinstance(node, Call):
        return 0
    deepest = max(lookback_bars(argument) for argument in node.arguments)
    if node.function in ("delay", "delta"):
        return deepest + int(node.constants[0])
    if node.function in ("tsum", "tmean", "tstd", "tmin", "tmax"):
        return deepest + int(node.constants[0]) - 1
    return deepest
