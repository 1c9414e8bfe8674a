"""A formula as steps in order, equal parts once: what both evaluators walk through, each with operations of its own."""

from dataclasses import dataclass

from kernels.alpha.binding import refuse_unready
from kernels.alpha.canonical import canonical, text
from kernels.alpha.language import Call, Field, Node, Number


@dataclass(frozen=True)
class Step:
    """`function` is "number" or "field" or a function of the language; `inputs` are earlier steps by their place.

    `constants` are bars, limits, exponents, or the number itself; `name` is the field's.
    """

    function: str
    inputs: tuple[int, ...] = ()
    constants: tuple[float, ...] = ()
    name: str = ""


def _step(node: Node, places: dict[str, int]) -> Step:
    if isinstance(node, Number):
        return Step("number", constants=(node.value,))
    if isinstance(node, Field):
        return Step("field", name=node.name)
    assert isinstance(node, Call), "free parameters are bound before a formula is compiled"
    inputs = tuple(places[text(argument)] for argument in node.arguments)
    constants = tuple(value for value in node.constants if isinstance(value, int | float))
    return Step(node.function, inputs, constants)


def compiled(formula: Node, fields: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps of a formula on a panel with these fields, the last one its value.

    Raises FormulaError for a field that the panel lacks and for a free parameter without a value.
    """
    refuse_unready(formula, fields)
    places: dict[str, int] = {}
    steps: list[Step] = []

    def visit(node: Node) -> None:
        key = text(node)
        if key in places:
            return
        for argument in node.arguments if isinstance(node, Call) else ():
            visit(argument)
        steps.append(_step(node, places))
        places[key] = len(places)

    visit(canonical(formula))
    return tuple(steps)
