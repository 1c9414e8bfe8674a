"""The one text of a formula: equal trees have equal texts, and parsing the text gives the tree back."""

from kernels.alpha.language import COMPARISONS, Call, Field, Node, Number

_COMPARED, _SUM, _PRODUCT, _UNARY, _ATOM = range(5)
_LEVELS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "neg": _UNARY, **dict.fromkeys(COMPARISONS, _COMPARED)}


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


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
    level = _level(node)
    if node.function == "neg":
        return "-" + _at_least(node.arguments[0], level)
    if level < _ATOM:
        # Operators group to the left: a - (b - c) keeps its parentheses, and so does a + (b + c), for sums round.
        left, right = node.arguments
        return f"{_at_least(left, level)} {node.function} {_at_least(right, level + 1)}"
    inside = [text(argument) for argument in node.arguments] + [_number(value) for value in node.constants]
    return f"{node.function}({', '.join(inside)})"
