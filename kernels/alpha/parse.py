"""Formula text to a typed tree in canonical form, by recursive descent.

formula    = comparison
comparison = sum [("<" | "<=" | ">" | ">=" | "==" | "!=") sum]
sum        = product {("+" | "-") product}
product    = unary {("*" | "/") unary}
unary      = "-" unary | number | field | "$" name | function "(" arguments ")" | "(" comparison ")"
"""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass

from kernels.alpha.canonical import canonical
from kernels.alpha.language import (
    COMPARISONS,
    FIELDS,
    FUNCTIONS,
    GROUPS,
    MAX_BARS,
    MAX_COST,
    MAX_DEPTH,
    MAX_NODES,
    Call,
    Constant,
    Field,
    FormulaError,
    Free,
    Kind,
    Node,
    Number,
    Parameter,
    cost,
    usage,
)
from kernels.alpha.tokens import POWER_FIX, Token, tokens

_VALUES = (*FIELDS, *GROUPS, "ret")
_RET_NODES, _RET_DEPTH = 6, 4
# What the literature calls our words.
_ELSEWHERE = {
    "rank": "cs_pct", "ts_rank": "trank", "correlation": "tcorr", "covariance": "tcov", "stddev": "tstd",
    "scale": "cs_scale", "indneutralize": "neutralise", "returns": "ret", "industry": "sector",
}  # fmt: skip
_A: dict[Kind, str] = {"real": "a number", "truth": "a condition", "group": "a group"}
_TO: dict[Kind, str] = {
    "real": "turn it into a number: if_else(condition, 1, 0)", "truth": "compare it: x > 0",
    "group": f"write {' or '.join(GROUPS)}",
}  # fmt: skip


@dataclass(frozen=True)
class _Part:
    """A parsed piece: its tree, its type, where it starts, how deep it is."""

    node: Node
    kind: Kind
    start: int
    depth: int


def _nearest(word: str, known: tuple[str, ...]) -> str:
    if _ELSEWHERE.get(word.lower()) in known:
        return f"did you mean {_ELSEWHERE[word.lower()]!r}?"
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _ret(position: int) -> Node:
    # A word for a formula, so that no evaluator needs to know it.
    close = Field("close", position)
    return Call("-", (Call("/", (close, Call("delay", (close,), (1,)))), Number(1.0)))


def _is_whole(token: Token) -> bool:
    return token.kind == "number" and token.text.isdecimal()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = 0
        self._open = 0
        self._nodes = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _expect(self, mark: str, fix: str) -> None:
        token = self._take()
        if token.text != mark:
            raise FormulaError("syntax", f"expected {mark!r}, found {token.text!r}", token.position, fix)

    def _made(self, node: Node, kind: Kind, start: int, depth: int, nodes: int = 1) -> _Part:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise FormulaError("limit", f"more than {MAX_NODES} parts", start, "split the formula into several signals")
        if depth > MAX_DEPTH:
            raise FormulaError("limit", f"nested deeper than {MAX_DEPTH} levels", start, "use fewer levels or terms")
        return _Part(node, kind, start, depth)

    def _inside(self, rule: Callable[[], _Part]) -> _Part:
        # The text may nest without any tree growing: "((((close))))".
        if self._open >= MAX_DEPTH:
            what = f"nested deeper than {MAX_DEPTH} levels"
            raise FormulaError("limit", what, self._token.position, "use fewer levels or terms")
        self._open += 1
        part = rule()
        self._open -= 1
        return part

    def formula(self) -> Node:
        part = self._comparison()
        if self._token.kind != "end":
            what = f"expected the end, found {self._token.text!r}"
            raise FormulaError("syntax", what, self._token.position, "write an operator between two values")
        self._require(part, "real")
        return part.node

    def _require(self, part: _Part, kind: Kind) -> None:
        if part.kind == kind:
            return
        what = f"{_A[part.kind]} stands where {_A[kind]} must stand"
        fix = _TO[kind] if part.kind != "group" else "only neutralise(x, group) takes a group"
        raise FormulaError("type", what, part.start, fix)

    def _joined(self, mark: str, left: _Part, right: _Part, kind: Kind) -> _Part:
        self._require(left, "real")
        self._require(right, "real")
        return self._made(Call(mark, (left.node, right.node)), kind, left.start, 1 + max(left.depth, right.depth))

    def _chain(self, marks: tuple[str, ...], rule: Callable[[], _Part]) -> _Part:
        part = rule()
        while self._token.text in marks:
            mark = self._take().text
            part = self._joined(mark, part, rule(), "real")
        return part

    def _comparison(self) -> _Part:
        left = self._sum()
        if self._token.text not in COMPARISONS:
            return left
        mark = self._take().text
        part = self._joined(mark, left, self._sum(), "truth")
        if self._token.text in COMPARISONS:
            fix = "nest them: if_else(a < b, if_else(b < c, x, y), y)"
            raise FormulaError("syntax", "comparisons cannot be chained", self._token.position, fix)
        return part

    def _sum(self) -> _Part:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> _Part:
        return self._chain(("*", "/"), self._unary)

    def _unary(self) -> _Part:
        token = self._take()
        if token.text == "-":
            return self._negative(self._inside(self._unary), token.position)
        if token.text == "(":
            part = self._inside(self._comparison)
            self._expect(")", "close the parenthesis")
            return part
        if token.kind == "number":
            return self._made(Number(self._float(token)), "real", token.position, 1)
        if token.kind == "free":
            return self._made(Free(token.text[1:], token.position), "real", token.position, 1)
        if token.kind == "name":
            return self._call(token) if self._token.text == "(" else self._value(token)
        power = self._next > 1 and token.text == self._tokens[self._next - 2].text == "*"
        fix = POWER_FIX if power else "write a number, a field or a function"
        raise FormulaError("syntax", f"expected a value, found {token.text!r}", token.position, fix)

    def _negative(self, part: _Part, start: int) -> _Part:
        self._require(part, "real")
        if isinstance(part.node, Number):
            return _Part(Number(-part.node.value), "real", start, part.depth)
        return self._made(Call("neg", (part.node,)), "real", start, 1 + part.depth)

    def _float(self, token: Token) -> float:
        value = float(token.text)
        if math.isinf(value):
            raise FormulaError("limit", f"{token.text} is beyond float64", token.position, "use a smaller number")
        return value

    def _value(self, token: Token) -> _Part:
        if token.text == "ret":
            return self._made(_ret(token.position), "real", token.position, _RET_DEPTH, _RET_NODES)
        if token.text in FIELDS or token.text in GROUPS:
            kind = "real" if token.text in FIELDS else "group"
            return self._made(Field(token.text, token.position), kind, token.position, 1)
        if token.text in FUNCTIONS:
            raise FormulaError("syntax", f"{token.text} is a function", token.position, f"write {usage(token.text)}")
        fix = _nearest(token.text, (*_VALUES, *FUNCTIONS))
        raise FormulaError("name", f"unknown name {token.text!r}", token.position, fix)

    def _call(self, name: Token) -> _Part:
        if name.text in _VALUES:
            what = f"{name.text} is a field, not a function"
            raise FormulaError("type", what, name.position, f"write {name.text} * (...) to multiply")
        if name.text not in FUNCTIONS:
            fix = _nearest(name.text, tuple(FUNCTIONS))
            raise FormulaError("name", f"unknown function {name.text!r}", name.position, fix)
        self._expect("(", "open the parenthesis")
        parts, constants = self._arguments(name.text)
        self._expect(")", f"write {usage(name.text)}")
        call = Call(name.text, tuple(part.node for part in parts), constants)
        return self._made(call, FUNCTIONS[name.text].gives, name.position, 1 + max(part.depth for part in parts))

    def _arguments(self, function: str) -> tuple[list[_Part], tuple[Constant, ...]]:
        parts: list[_Part] = []
        constants: list[Constant] = []
        for number, parameter in enumerate(FUNCTIONS[function].takes):
            if number:
                self._expect(",", f"write {usage(function)}")
            if parameter == "real" or parameter == "truth" or parameter == "group":
                parts.append(self._inside(self._comparison))
                self._require(parts[-1], parameter)
            else:
                constants.append(self._constant(function, parameter, constants))
        return parts, tuple(constants)

    def _constant(self, function: str, parameter: Parameter, before: list[Constant]) -> Constant:
        start = self._token.position
        if self._token.kind == "free":
            value = Free(self._take().text[1:], start)
        else:
            value = self._bars(function, parameter) if parameter != "number" else self._signed(function)
        if self._token.kind != "end" and self._token.text not in (",", ")"):
            what = f"{function} takes a plain number here, not an expression"
            raise FormulaError("type", what, start, f"write {usage(function)} with a literal")
        if before and not isinstance(value, Free) and not isinstance(before[-1], Free) and value < before[-1]:
            what = f"the upper limit {value} of {function} lies below the lower limit {before[-1]}"
            raise FormulaError("type", what, start, "write the lower limit first")
        return value

    def _bars(self, function: str, parameter: Parameter) -> int:
        least, token = (0 if parameter == "lag" else 1), self._take()
        fix = f"write a whole number from {least} to {MAX_BARS}"
        if token.text == "-":
            what = f"the bars of {function} cannot be negative: that would look ahead"
            raise FormulaError("type", what, token.position, fix)
        if not _is_whole(token):
            what = f"the bars of {function} must be a whole number, found {token.text!r}"
            raise FormulaError("type", what, token.position, fix)
        # Digits are counted before they are converted: a literal of a thousand digits is no number of bars.
        if len(token.text) > 9 or not least <= int(token.text) <= MAX_BARS:
            what = f"{token.text} bars are outside {least} to {MAX_BARS}"
            raise FormulaError("type", what, token.position, fix)
        return int(token.text)

    def _signed(self, function: str) -> float:
        token = self._take()
        sign = -1.0 if token.text == "-" else 1.0
        token = self._take() if token.text == "-" else token
        if token.kind != "number":
            what = f"{function} takes a plain number here, found {token.text!r}"
            raise FormulaError("type", what, token.position, f"write {usage(function)} with a literal")
        return sign * self._float(token)


def parse(text: str) -> Node:
    """The canonical tree of a formula that gives a number at every bar.

    Raises FormulaError with the position and a suggestion.
    """
    written = _Parser(text).formula()
    if cost(written) > MAX_COST:
        what = f"windows of {cost(written)} bars together, the limit is {MAX_COST}"
        raise FormulaError("limit", what, 0, "use shorter or fewer windows")
    return canonical(written)
