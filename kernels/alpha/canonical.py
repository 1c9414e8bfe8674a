"""The one tree and the one text of a formula: equal formulas have equal texts, and a text parses to its own tree.

Every rule keeps every bit of the result (the sign of a NaN aside): operands that commute are ordered by their text, `>`
is written as `<`, a sum with a negative is a difference, and constants are folded only where float64 is exact.
`a + (b + c)` stays as it is, for sums round.
"""

import hashlib
import math
import operator
from collections.abc import Callable
from fractions import Fraction

from kernels.alpha.language import COMMUTATIVE, COMPARISONS, MAX_BARS, Call, Constant, Field, Free, Node, Number

_COMPARED, _SUM, _PRODUCT, _UNARY, _ATOM = range(5)
_LEVELS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "neg": _UNARY, **dict.fromkeys(COMPARISONS, _COMPARED)}
_ARITHMETIC: dict[str, Callable[..., float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
_RANKS = ("cs_rank", "cs_pct")
_TURNED = {">": "<", ">=": "<="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def _constant(value: Constant) -> str:
    return f"${value.name}" if isinstance(value, Free) else _number(value)


def _level(node: Node) -> int:
    if isinstance(node, Number):
        return _UNARY if _number(node.value).startswith("-") else _ATOM
    return _LEVELS.get(node.function, _ATOM) if isinstance(node, Call) else _ATOM


def _at_least(node: Node, level: int) -> str:
    return text(node) if _level(node) >= level else f"({text(node)})"


def text(node: Node) -> str:
    """Only needed parentheses, one space around operators, the shortest number that reads back the same."""
    if isinstance(node, Number):
        return _number(node.value)
    if isinstance(node, Field):
        return node.name
    if isinstance(node, Free):
        return _constant(node)
    level = _level(node)
    if node.function == "neg":
        return "-" + _at_least(node.arguments[0], level)
    if level < _ATOM:
        # Operators group to the left: a - (b - c) keeps its parentheses, and so does a + (b + c), for sums round.
        left, right = node.arguments
        return f"{_at_least(left, level)} {node.function} {_at_least(right, level + 1)}"
    inside = [text(argument) for argument in node.arguments] + [_constant(value) for value in node.constants]
    return f"{node.function}({', '.join(inside)})"


def formula_hash(node: Node) -> str:
    """SHA-256 of the canonical text, in hex: equal for equal formulas."""
    return hashlib.sha256(text(canonical(node)).encode()).hexdigest()


def _negated(node: Node) -> Node | None:
    """What `node` is the negative of, where it is written as one."""
    if isinstance(node, Number) and math.copysign(1.0, node.value) < 0.0:
        return Number(-node.value)
    return node.arguments[0] if isinstance(node, Call) and node.function == "neg" else None


def _folded(function: str, left: Node, right: Node) -> Node | None:
    """The number that two numbers make, where float64 holds it exactly."""
    if not isinstance(left, Number) or not isinstance(right, Number) or (function == "/" and right.value == 0.0):
        return None
    found, exactly = (
        _ARITHMETIC[function](left.value, right.value),
        _ARITHMETIC[function](Fraction(left.value), Fraction(right.value)),
    )
    return Number(found) if math.isfinite(found) and Fraction(found) == exactly else None


def _in_order(left: Node, right: Node) -> list[Node]:
    # Numbers last, as people write them.
    return sorted((left, right), key=lambda node: (isinstance(node, Number), text(node)))


def _ordered(function: str, left: Node, right: Node, constants: tuple[Constant, ...] = ()) -> Node:
    return Call(function, tuple(_in_order(left, right)), constants)


def _sum(left: Node, right: Node) -> Node:
    one, other = _in_order(left, right)
    for kept, negative in ((one, other), (other, one)):
        taken = _negated(negative)
        if taken is not None:
            return _difference(kept, taken)
    return Call("+", (one, other))


def _difference(left: Node, right: Node) -> Node:
    added, taken = _negated(right), _negated(left)
    if added is not None:
        return _sum(left, added)
    if isinstance(right, Number) and right.value == 0.0:
        return left
    if taken is not None:
        # -a - b is -b - a.
        one, other = _in_order(taken, right)
        nothing = isinstance(other, Number) and other.value == 0.0
        return _negative(one) if nothing else Call("-", (_negative(one), other))
    # A free lag stays one: it may be bound to 0, which a delta refuses.
    if isinstance(right, Call) and right.function == "delay" and right.arguments == (left,) and not _is_free(right):
        return Call("delta", (left,), right.constants)
    return Call("-", (left, right))


def _is_free(call: Call) -> bool:
    return any(isinstance(constant, Free) for constant in call.constants)


def _product(left: Node, right: Node) -> Node:
    one, other = _in_order(left, right)
    if isinstance(other, Number) and other.value == 1.0:
        return one
    return _without_signs(one, other, _product) or Call("*", (one, other))


def _quotient(left: Node, right: Node) -> Node:
    if isinstance(right, Number) and right.value == 1.0:
        return left
    return _without_signs(left, right, _quotient) or Call("/", (left, right))


def _without_signs(left: Node, right: Node, made: Callable[[Node, Node], Node]) -> Node | None:
    """A product or quotient with its sign before it, where a side has one."""
    one, other = _negated(left), _negated(right)
    if one is not None:
        return _negative(made(one, right))
    return _negative(made(left, other)) if other is not None else None


def _negative(node: Node) -> Node:
    if isinstance(node, Number):
        return Number(-node.value)
    return node.arguments[0] if isinstance(node, Call) and node.function == "neg" else Call("neg", (node,))


def _delay(node: Node, bars: Constant) -> Node:
    if bars == 0:
        return node
    if isinstance(node, Call) and node.function == "delay":
        before = node.constants[0]
        if not isinstance(bars, Free) and not isinstance(before, Free) and bars + before <= MAX_BARS:
            return Call("delay", node.arguments, (int(bars + before),))
    return Call("delay", (node,), (bars,))


def _opposite(node: Node) -> Node:
    if isinstance(node, Call) and node.function in _OPPOSITE:
        return _made(_OPPOSITE[node.function], node.arguments, ())
    return node.arguments[0] if isinstance(node, Call) and node.function == "not" else Call("not", (node,))


_OPERATORS: dict[str, Callable[[Node, Node], Node]] = {"+": _sum, "-": _difference, "*": _product, "/": _quotient}


def _size(node: Node) -> Node:
    inner = _negated(node) or node
    return inner if isinstance(inner, Call) and inner.function == "abs" else Call("abs", (inner,))


def _rank(function: str, node: Node) -> Node:
    """Ranks are in the order of what they rank, equal where that is, and so is the negative of a rank."""
    inner = _negated(node) or node
    if isinstance(inner, Call) and inner.function in _RANKS:
        ranked = inner.arguments[0]
        return _rank(function, ranked if inner is node else _negative(ranked))
    return Call(function, (node,))


def _made(function: str, arguments: tuple[Node, ...], constants: tuple[Constant, ...]) -> Node:
    """A call on canonical arguments, itself canonical."""
    if function in _OPERATORS:
        folded = _folded(function, *arguments)
        return folded if folded is not None else _OPERATORS[function](*arguments)
    if function == "neg":
        return _negative(arguments[0])
    if function == "delay":
        return _delay(arguments[0], constants[0])
    if function == "not":
        return _opposite(arguments[0])
    if function == "abs":
        return _size(arguments[0])
    if function in _RANKS:
        return _rank(function, arguments[0])
    if function in _TURNED:
        function, arguments = _TURNED[function], arguments[::-1]
    if function in COMMUTATIVE:
        return _ordered(function, arguments[0], arguments[1], constants)
    return Call(function, arguments, constants)


def canonical(node: Node) -> Node:
    """The tree that equal formulas share, and that both evaluators run."""
    if not isinstance(node, Call):
        return node
    return _made(node.function, tuple(canonical(argument) for argument in node.arguments), node.constants)
