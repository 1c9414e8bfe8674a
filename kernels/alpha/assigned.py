"""A formula under many assignments of its free parameters: what several assignments share is computed once.

A part is a largest sub-expression that names fewer parameters than what it stands in; in its place stands a field that
holds its values. Every value has the bits of `batch.evaluate` on the formula bound as a whole: an operator sees the
same matrices either way.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from kernels.alpha.batch import evaluate
from kernels.alpha.binding import bind
from kernels.alpha.canonical import text
from kernels.alpha.elementwise import F64
from kernels.alpha.language import ARGUMENTS, FUNCTIONS, Call, Field, Free, Node, names_of


@dataclass(frozen=True)
class Part:
    """`node` with a field in the place of each inner part; `free` are the parameters of the part as it was written."""

    node: Node
    free: tuple[str, ...]
    inner: dict[str, "Part"] = field(default_factory=dict[str, "Part"])


def parted(node: Node) -> Part:
    """The formula with its parts, each with its own."""
    free, inner = names_of(node, Free), dict[str, Part]()

    def rest(below: Node) -> Node:
        if not isinstance(below, Call):
            return below
        if names_of(below, Free) != free:
            # No name of the language begins so.
            name = f"@{text(below)}"
            inner[name] = parted(below)
            return Field(name)
        return Call(below.function, tuple(rest(argument) for argument in below.arguments), below.constants)

    return Part(rest(node), free, inner)


def least_bars(node: Node) -> dict[str, int]:
    """The free parameters that must be whole numbers of bars, and the least that each may be."""
    found: dict[str, int] = {}
    if isinstance(node, Call):
        for argument in node.arguments:
            for name, least in least_bars(argument).items():
                found[name] = max(least, found.get(name, 0))
        kinds = [kind for kind in FUNCTIONS[node.function].takes if kind not in ARGUMENTS] if node.constants else []
        for value, kind in zip(node.constants, kinds, strict=True):
            if isinstance(value, Free) and kind in ("window", "lag"):
                found[value.name] = max(int(kind == "window"), found.get(value.name, 0))
    return found


class Assigned:
    """`formula` on one panel; of the parts that name parameters at most `most_kept` matrices are held at a time."""

    def __init__(self, formula: Node, fields: Mapping[str, F64], most_kept: int) -> None:
        self._whole, self._fields, self._most_kept = parted(formula), fields, most_kept
        self._once: dict[str, F64] = {}
        self._recent: OrderedDict[tuple[object, ...], F64] = OrderedDict()

    def at(self, values: Mapping[str, float]) -> F64:
        """(T, S) values of the formula with a number for each of its `$name`s.

        Raises FormulaError as `bind` and `evaluate` do.
        """
        return self._computed(self._whole, values)

    def _computed(self, part: Part, values: Mapping[str, float]) -> F64:
        own = {name: values[name] for name in names_of(part.node, Free)}
        inner = {name: self._kept(name, below, values) for name, below in part.inner.items()}
        return evaluate(bind(part.node, own), {**self._fields, **inner})

    def _kept(self, name: str, part: Part, values: Mapping[str, float]) -> F64:
        if not part.free:
            if name not in self._once:
                self._once[name] = self._computed(part, values)
            return self._once[name]
        key = (name, *(values[free] for free in part.free))
        found = self._recent[key] if key in self._recent else self._computed(part, values)
        self._recent[key] = found
        self._recent.move_to_end(key)
        while len(self._recent) > self._most_kept:
            self._recent.popitem(last=False)
        return found
