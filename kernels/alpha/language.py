"""The words of the alpha language: what a formula is made of, what each function takes, how far back it looks.

A formula is a tree of numbers, fields of a bar, free parameters and calls; operators are calls too. Everything has a
kind: `real` (a number at every bar of every symbol), `truth` (comparisons, and what `and`, `or`, `not` make of them) or
`group` (which symbols belong together). Windows and lags are whole numbers or `$name`, never computed from data, so
that the bars a formula needs are known before it runs and no lag can be negative. docs/alpha.md has the semantics.
"""

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

MAX_CHARS = 2_000
MAX_NODES = 500
MAX_DEPTH = 48
MAX_BARS = 2_520
# Bars of all windows together, one more for each call: bounds the rows a stream keeps and the work an anchor costs.
MAX_COST = 25_000
# Running sums are recomputed from their window at every absolute bar that this divides.
ANCHOR_BARS = 256

Kind: TypeAlias = Literal["real", "truth", "group"]
Parameter: TypeAlias = Literal["real", "truth", "group", "window", "lag", "number"]
Wrong: TypeAlias = Literal["syntax", "name", "type", "limit", "field", "parameter"]


class FormulaError(ValueError):
    """A formula that is none: what is wrong, at which character (`position`, from 0), and what to write instead."""

    def __init__(self, wrong: Wrong, what: str, position: int, fix: str) -> None:
        self.wrong: Wrong = wrong
        self.what, self.position, self.fix = what, position, fix
        super().__init__(f"{what} (at character {position + 1}) -> {fix}")


@dataclass(frozen=True, eq=False)
class Number:
    value: float

    def _told(self) -> tuple[float, float]:
        return self.value, math.copysign(1.0, self.value)

    def __eq__(self, other: object) -> bool:
        """0.0 == -0.0, and they are not the same number: 1 / x tells them apart."""
        return isinstance(other, Number) and self._told() == other._told()

    def __hash__(self) -> int:
        return hash(self._told())


@dataclass(frozen=True)
class Field:
    """A column of the panel. Where it was written (`position`) is no part of what it is."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Free:
    """A parameter `$name`, to be bound to a number before the formula runs."""

    name: str
    position: int = field(default=0, compare=False)


Constant: TypeAlias = int | float | Free


@dataclass(frozen=True)
class Call:
    """An operator or function on `arguments`; `constants` are its windows in bars, limits of clip, exponents."""

    function: str
    arguments: tuple["Node", ...]
    constants: tuple[Constant, ...] = ()


Node: TypeAlias = Number | Field | Free | Call


@dataclass(frozen=True)
class Signature:
    takes: tuple[Parameter, ...]
    gives: Kind = "real"


FIELDS = ("open", "high", "low", "close", "volume", "vwap")
# `market` is the group of all symbols; every panel has it.
GROUPS = ("market", "sector")
# What a function takes as arguments; all else are constants.
ARGUMENTS: tuple[Kind, ...] = ("real", "truth", "group")
COMPARISONS = ("<=", ">=", "==", "!=", "<", ">")
_REAL, _WINDOWED = Signature(("real",)), Signature(("real", "window"))
_TWO_WINDOWED = Signature(("real", "real", "window"))
_TWO, _TWO_TRUTHS = Signature(("real", "real")), Signature(("truth", "truth"), "truth")
FUNCTIONS: dict[str, Signature] = {
    "delay": Signature(("real", "lag")),
    **dict.fromkeys(("delta", "tsum", "tmean", "tstd", "tmin", "tmax", "targmin", "targmax", "trank"), _WINDOWED),
    **dict.fromkeys(("tslope", "decay_linear", "ema"), _WINDOWED),
    **dict.fromkeys(("tcorr", "tcov"), _TWO_WINDOWED),
    **dict.fromkeys(("cs_rank", "cs_pct", "cs_z", "cs_scale"), _REAL),
    "neutralise": Signature(("real", "group")),
    **dict.fromkeys(("sign", "abs", "sqrt", "log", "log1p"), _REAL),
    "signed_power": Signature(("real", "number")),
    "clip": Signature(("real", "number", "number")),
    **dict.fromkeys(("min", "max"), _TWO),
    **dict.fromkeys(("and", "or"), _TWO_TRUTHS),
    "not": Signature(("truth",), "truth"),
    "if_else": Signature(("truth", "real", "real")),
}
WINDOWED = tuple(name for name, signature in FUNCTIONS.items() if signature.takes[-1] == "window")
COMMUTATIVE = ("+", "*", "==", "!=", "min", "max", "and", "or", "tcorr", "tcov")
# The first of a kind, then the second; a call has no third.
_WORDS: dict[Parameter, tuple[str, str]] = {
    "real": ("x", "y"), "truth": ("condition", "other"), "group": ("group", "group"), "window": ("bars", "bars"),
    "lag": ("bars", "bars"), "number": ("number", "number"),
}  # fmt: skip


def usage(function: str) -> str:
    """How a function is written, for error texts: `delay(x, bars)`."""
    takes = FUNCTIONS[function].takes
    words = [_WORDS[parameter][takes[:place].count(parameter)] for place, parameter in enumerate(takes)]
    return f"{function}({', '.join(words)})"


def _bars(call: Call) -> int:
    """Of a call with a window or a lag; a free one counts as the longest that it could be."""
    bars = call.constants[0]
    return MAX_BARS if isinstance(bars, Free) else int(bars)


def lookback_bars(node: Node) -> int:
    """Bars before t that the value at t needs; an `ema` needs none, for it starts at the first value it sees."""
    if not isinstance(node, Call):
        return 0
    deepest = max(lookback_bars(argument) for argument in node.arguments)
    if node.function in ("delay", "delta"):
        return deepest + _bars(node)
    if node.function in WINDOWED and node.function != "ema":
        return deepest + _bars(node) - 1
    return deepest


def cost(node: Node) -> int:
    """One for each call and the bars of its window, a free window counting as one bar; at most MAX_COST."""
    if not isinstance(node, Call):
        return 0
    held = node.function == "delay" or node.function in WINDOWED
    bars = 0 if not held or isinstance(node.constants[0], Free) else int(node.constants[0])
    return 1 + bars + sum(cost(argument) for argument in node.arguments)


def names_of(node: Node, kind: type[Field] | type[Free]) -> tuple[str, ...]:
    """The fields (or the free parameters) that a formula names, sorted."""
    return tuple(sorted({leaf.name for leaf in leaves(node) if isinstance(leaf, kind)}))


def leaves(node: Node) -> list[Number | Field | Free]:
    """What a tree ends in, left to right, the free parameters among a call's constants last."""
    if not isinstance(node, Call):
        return [node]
    free = [constant for constant in node.constants if isinstance(constant, Free)]
    return [leaf for argument in node.arguments for leaf in leaves(argument)] + free
