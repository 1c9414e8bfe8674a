"""Free parameters get their numbers, and a formula is checked against the panel that it shall run on."""

import math
from collections.abc import Collection, Mapping

from kernels.alpha.canonical import canonical
from kernels.alpha.language import (
    ARGUMENTS,
    FUNCTIONS,
    MAX_BARS,
    MAX_COST,
    Call,
    Constant,
    Field,
    FormulaError,
    Free,
    Node,
    Number,
    Parameter,
    cost,
    leaves,
)


def _given(free: Free, values: Mapping[str, float]) -> float:
    if free.name not in values:
        known = ", ".join(f"${name}" for name in sorted(values)) or "none"
        raise FormulaError("parameter", f"${free.name} has no value", free.position, f"give it one; given: {known}")
    if not math.isfinite(values[free.name]):
        what = f"${free.name} = {values[free.name]} is no finite number"
        raise FormulaError("parameter", what, free.position, "give it a finite number")
    return values[free.name]


def _constant(call: Call, free: Free, kind: Parameter, values: Mapping[str, float]) -> float:
    value = _given(free, values)
    if kind == "number":
        return float(value)
    least = 0 if kind == "lag" else 1
    if value != int(value) or not least <= value <= MAX_BARS:
        what = f"${free.name} = {value} is no number of bars of {call.function}"
        raise FormulaError("parameter", what, free.position, f"give a whole number from {least} to {MAX_BARS}")
    return int(value)


def _bound_constants(call: Call, values: Mapping[str, float]) -> tuple[Constant, ...]:
    kinds: list[Parameter] = [kind for kind in FUNCTIONS[call.function].takes if kind not in ARGUMENTS]
    pairs = list(zip(call.constants, kinds, strict=True))
    bound = tuple(_constant(call, given, kind, values) if isinstance(given, Free) else given for given, kind in pairs)
    free = [given for given in call.constants if isinstance(given, Free)]
    if call.function == "clip" and bound[0] > bound[1]:
        what = f"the upper limit {bound[1]} of clip lies below the lower limit {bound[0]}"
        raise FormulaError("parameter", what, free[0].position, "give the lower limit first")
    return bound


def _filled(node: Node, values: Mapping[str, float]) -> Node:
    if isinstance(node, Free):
        return Number(float(_given(node, values)))
    if not isinstance(node, Call):
        return node
    constants = _bound_constants(node, values) if node.constants else ()
    return Call(node.function, tuple(_filled(argument, values) for argument in node.arguments), constants)


def bind(formula: Node, values: Mapping[str, float]) -> Node:
    """The canonical formula with a number for each `$name`.

    Raises FormulaError `parameter` for one without a value, a value that is no number of bars where bars must stand,
    or one that the formula does not have, and `limit` when the windows become too long together.
    """
    free = {leaf.name for leaf in leaves(formula) if isinstance(leaf, Free)}
    for name in sorted(set(values) - free):
        known = ", ".join(f"${known}" for known in sorted(free)) or "none"
        raise FormulaError("parameter", f"the formula has no ${name}", 0, f"its free parameters: {known}")
    bound = canonical(_filled(formula, values))
    if cost(bound) > MAX_COST:
        what = f"windows of {cost(bound)} bars together, the limit is {MAX_COST}"
        raise FormulaError("limit", what, 0, "use shorter or fewer windows")
    return bound


def refuse_unready(formula: Node, fields: Collection[str]) -> None:
    """Raises FormulaError `field` for a field that the panel lacks, and `parameter` for a `$name` without a value."""
    for leaf in leaves(formula):
        if isinstance(leaf, Field) and leaf.name not in fields and leaf.name != "market":
            fix = f"this panel has {', '.join(sorted(fields)) or 'no fields'}"
            raise FormulaError("field", f"the panel has no {leaf.name!r}", leaf.position, fix)
        if isinstance(leaf, Free):
            _given(leaf, {})
