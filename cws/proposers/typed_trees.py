"""Typed genetic programming over the alpha language: trees grown, changed and crossed so that the kinds always agree.

After Montana (1995), "Strongly typed genetic programming": a place in a tree only ever takes what gives its kind.
Windows and lags are drawn from whole numbers of bars, so no tree can look ahead. `settled` judges what the language
itself limits: its answer is canonical, or None.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from kernels.alpha.canonical import canonical, text
from kernels.alpha.language import (
    ARGUMENTS,
    COMPARISONS,
    FUNCTIONS,
    GROUPS,
    MAX_BARS,
    Call,
    Constant,
    Field,
    FormulaError,
    Kind,
    Node,
    Number,
    Signature,
)
from kernels.alpha.parse import parse

_OPERATORS = {
    **dict.fromkeys(("+", "-", "*", "/"), Signature(("real", "real"))),
    "neg": Signature(("real",)),
    **dict.fromkeys(COMPARISONS, Signature(("real", "real"), "truth")),
}
SIGNATURES: dict[str, Signature] = {**FUNCTIONS, **_OPERATORS}
# Bars that people mean something by: days to a year, and their doubles.
BARS = (1, 2, 3, 5, 8, 10, 15, 21, 30, 42, 63, 84, 126, 252)
# From the limits of a clip or an exponent to what a signal is multiplied with.
NUMBERS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
GROWN_DEPTH = 3
LEAF_SHARE, NUMBER_SHARE, FRESH_SHARE = 0.3, 0.15, 0.3
# Beyond this a number is drawn anew: doubled for ever, it would leave float64.
LARGEST = 1e6

Path = tuple[int, ...]
AnyOf = TypeVar("AnyOf")


@dataclass(frozen=True)
class Words:
    """What a panel has: at least one field; groups may be none."""

    fields: tuple[str, ...]
    groups: tuple[str, ...] = ()


def kind_of(node: Node) -> Kind:
    if isinstance(node, Call):
        return SIGNATURES[node.function].gives
    return "group" if isinstance(node, Field) and node.name in GROUPS else "real"


def nodes(tree: Node) -> Iterator[tuple[Path, Node]]:
    """Every node with the way to it from the root, parents first."""
    yield (), tree
    if isinstance(tree, Call):
        for place, argument in enumerate(tree.arguments):
            for path, node in nodes(argument):
                yield (place, *path), node


def size(tree: Node) -> int:
    return sum(1 for _ in nodes(tree))


def put(tree: Node, path: Path, new: Node) -> Node:
    """The tree with `new` at `path`."""
    if not path:
        return new
    assert isinstance(tree, Call), "a path ends where the tree does"
    arguments = list(tree.arguments)
    arguments[path[0]] = put(arguments[path[0]], path[1:], new)
    return replace(tree, arguments=tuple(arguments))


def settled(tree: Node) -> Node | None:
    """The canonical tree, as its text reads back; None beyond the language's limits or without a field."""
    try:
        found = parse(text(canonical(tree)))
    except FormulaError as refusal:
        assert refusal.wrong == "limit", f"trees are well typed by construction: {refusal}"
        return None
    has_field = any(isinstance(node, Field) and node.name not in GROUPS for _, node in nodes(found))
    return found if has_field else None


@dataclass(frozen=True)
class Grower:
    """Draws trees and changes from one generator, so that a seed gives the same trees everywhere."""

    words: Words
    rng: np.random.Generator

    def grown(self, kind: Kind, depth: int = GROWN_DEPTH) -> Node:
        """A random tree of a kind, at most `depth` calls deep (one more for a condition)."""
        if kind == "group":
            return Field(self._one(self.words.groups))
        if kind == "real" and (depth < 1 or self.rng.random() < LEAF_SHARE):
            return self._leaf()
        names = self._giving(kind) if depth > 0 else COMPARISONS
        return self._call(self._one(names), lambda wanted: self.grown(wanted, depth - 1))

    def point(self, tree: Node) -> Node:
        """Another function of the same parameters, or another leaf, at one place."""
        path, node = self._any(tree)
        if not isinstance(node, Call):
            return put(tree, path, self.grown(kind_of(node), 0))
        alike = [name for name in self._giving(kind_of(node)) if _alike(name, node.function)]
        return put(tree, path, replace(node, function=self._one(alike)))

    def subtree(self, tree: Node) -> Node:
        """A freshly grown tree of the same kind at one place."""
        path, node = self._any(tree)
        return put(tree, path, self.grown(kind_of(node), GROWN_DEPTH - 1))

    def constants(self, tree: Node) -> Node:
        """One window, lag, limit or number changed; the tree as it is where there is none."""
        places = [(path, node) for path, node in nodes(tree) if _holds_constants(node)]
        if not places:
            return tree
        path, node = self._one(places)
        if isinstance(node, Call):
            return put(tree, path, replace(node, constants=self._moved(node)))
        assert isinstance(node, Number)
        return put(tree, path, Number(self._scaled(node.value)))

    def hoisted(self, tree: Node) -> Node:
        """A part of the tree by itself, as if what it stood in were of no use."""
        inner = [node for path, node in nodes(tree) if path and kind_of(node) == kind_of(tree)]
        return self._one(inner) if inner else tree

    def wrapped(self, tree: Node) -> Node:
        """The tree as the first number that a new call takes."""
        names = [name for name in self._giving("real") if "real" in SIGNATURES[name].takes]
        given = [tree]
        return self._call(
            self._one(names), lambda kind: given.pop() if kind == "real" and given else self.grown(kind, 1)
        )

    def crossed(self, tree: Node, donor: Node) -> Node:
        """A part of the donor in the place of a part of the same kind."""
        path, node = self._any(tree)
        parts = [part for _, part in nodes(donor) if kind_of(part) == kind_of(node)]
        return put(tree, path, self._one(parts)) if parts else tree

    def _one(self, choices: Sequence[AnyOf]) -> AnyOf:
        return choices[int(self.rng.integers(len(choices)))]

    def _any(self, tree: Node) -> tuple[Path, Node]:
        return self._one(list(nodes(tree)))

    def _leaf(self) -> Node:
        if self.rng.random() < NUMBER_SHARE:
            return Number(self._one(NUMBERS))
        return Field(self._one(self.words.fields))

    def _giving(self, kind: Kind) -> list[str]:
        """The functions that give a kind, out of what this panel can fill."""
        found = [name for name, signature in SIGNATURES.items() if signature.gives == kind]
        return [name for name in found if self.words.groups or "group" not in SIGNATURES[name].takes]

    def _call(self, function: str, argument: Callable[[Kind], Node]) -> Call:
        arguments = tuple(argument(parameter) for parameter in _kinds(function))
        return Call(function, arguments, tuple(self._drawn(function)))

    def _drawn(self, function: str) -> Sequence[Constant]:
        """New constants of a function; limits in rising order."""
        wanted = [parameter for parameter in SIGNATURES[function].takes if parameter not in ARGUMENTS]
        if "number" in wanted:
            return sorted(self._one(NUMBERS) for _ in wanted)
        return [self._one(BARS) for _ in wanted]

    def _moved(self, call: Call) -> tuple[Constant, ...]:
        """Windows half or twice as long, one bar longer or drawn anew; numbers drawn anew."""
        bars = call.constants[0]
        if not isinstance(bars, int) or self.rng.random() < FRESH_SHARE:
            return tuple(self._drawn(call.function))
        return (self._one((max(1, bars // 2), min(MAX_BARS, 2 * bars), min(MAX_BARS, bars + 1))),)

    def _scaled(self, value: float) -> float:
        if value == 0.0 or abs(value) > LARGEST or self.rng.random() < FRESH_SHARE:
            return self._one(NUMBERS)
        return float(f"{value * self._one((-1.0, 0.5, 2.0)):.6g}")


def _kinds(function: str) -> list[Kind]:
    return [parameter for parameter in SIGNATURES[function].takes if parameter in ARGUMENTS]


def _alike(one: str, other: str) -> bool:
    return SIGNATURES[one].takes == SIGNATURES[other].takes


def _holds_constants(node: Node) -> bool:
    return isinstance(node, Number) or (isinstance(node, Call) and bool(node.constants))
