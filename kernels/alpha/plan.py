"""What the batch evaluator does for a formula, in order: functions over whole matrices, and between them trees of
operators that run in one pass over memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TypeAlias

from kernels.alpha.elementwise_blocks import OPERATORS
from kernels.alpha.language import WINDOWED, Node
from kernels.alpha.program import Step, compiled

# Read from a matrix some bars back, with no pass of their own.
_BACK = ("delay", "delta")
_COPY, _MINUS = OPERATORS.index("copy"), OPERATORS.index("-")
_PLANS = 256


@dataclass(frozen=True)
class Matrix:
    """The values of an earlier step, read `bars` back."""

    step: int
    bars: int = 0


Operand: TypeAlias = float | Matrix


@dataclass(frozen=True)
class Tree:
    """Operators of which the last gives the values of step `step`.

    Rows are (operator, result, three operands), by places: first `operands`, then one for each row.
    """

    step: int
    operands: tuple[Operand, ...]
    rows: tuple[tuple[int, int, int, int, int], ...]


@dataclass(frozen=True)
class Plan:
    """`tasks` are trees and the numbers of steps that work on whole matrices; `gives` has for each task its step, and
    `reads` the steps whose matrices it needs."""

    steps: tuple[Step, ...]
    tasks: tuple[Tree | int, ...]
    gives: tuple[int, ...]
    reads: tuple[frozenset[int], ...]

    def towards(self, wanted: Collection[int], given: Collection[int]) -> list[int]:
        """The tasks, in order, that give the steps `wanted` where those `given` are there already."""
        needed, chosen = set(wanted).difference(given), list[int]()
        for task in reversed(range(len(self.tasks))):
            if self.gives[task] in needed:
                chosen.append(task)
                needed |= self.reads[task].difference(given)
        return chosen[::-1]

    def groups(self, tasks: Sequence[int]) -> list[list[int]]:
        """The tasks in an order in which they may run: windows alone, and together what looks at one row only of what
        the same group gives."""
        stages, after = list[int](), dict[int, int]()
        for number in tasks:
            task, read = self.tasks[number], self.reads[number]
            window = not isinstance(task, Tree) and self.steps[task].function in WINDOWED
            stage = max((after.get(place, 0) for place in read), default=0)
            if isinstance(task, Tree):
                back = {operand.step for operand in task.operands if isinstance(operand, Matrix) and operand.bars}
                stage = max([stage, *(after.get(place, 0) + 1 for place in back)])
            # Windows have even stages, all else odd ones.
            stage += stage % 2 != (0 if window else 1)
            after[self.gives[number]] = stage
            stages.append(stage)
        ordered = sorted(zip(stages, tasks, strict=True))
        together = groupby(ordered, key=lambda pair: (pair[0], pair[1] if pair[0] % 2 == 0 else 0))
        return [[task for _, task in group] for _, group in together]


def _owners(steps: tuple[Step, ...]) -> list[int]:
    """For each step the one in whose pass it is computed: its own, or that of the only tree that needs it."""
    # -1 stands for what needs a matrix: a function over all of it, or a look some bars back.
    needs: list[set[int]] = [set() for _ in steps]
    owners = list(range(len(steps)))
    for place in reversed(owners.copy()):
        step = steps[place]
        if (step.function in OPERATORS or step.function in _BACK) and len(needs[place]) == 1 and -1 not in needs[place]:
            owners[place] = next(iter(needs[place]))
        for given in step.inputs:
            needs[given].add(owners[place] if step.function in OPERATORS else -1)
    return owners


def _tree(steps: tuple[Step, ...], members: list[int]) -> Tree:
    operands: list[Operand] = []
    # What a step is in this tree: an operand, or the row that computes it.
    found: dict[int, tuple[str, int]] = {}
    rows: list[tuple[int, list[tuple[str, int]]]] = []

    def operand(value: Operand) -> tuple[str, int]:
        # -0.0 == 0.0, and they are not the same operand.
        same = [place for place, held in enumerate(operands) if repr(held) == repr(value)]
        if not same:
            operands.append(value)
        return "operand", same[0] if same else len(operands) - 1

    def given(step: int) -> tuple[str, int]:
        if step not in found:
            one = steps[step]
            found[step] = operand(float(one.constants[0]) if one.function == "number" else Matrix(step))
        return found[step]

    for member in members:
        step = steps[member]
        if step.function in _BACK:
            back = operand(Matrix(step.inputs[0], int(step.constants[0])))
            if step.function == "delay" and member != members[-1]:
                found[member] = back
                continue
            both = [operand(Matrix(step.inputs[0])), back]
            rows.append((_COPY, [back]) if step.function == "delay" else (_MINUS, both))
        else:
            inputs = [given(place) for place in step.inputs] + [operand(float(value)) for value in step.constants]
            rows.append((OPERATORS.index(step.function), inputs))
        found[member] = "row", len(rows) - 1

    def place(kind: str, number: int) -> int:
        return number if kind == "operand" else len(operands) + number

    numbered = [(operator, [place(*one) for one in inputs]) for operator, inputs in rows]
    # Operators take what they need of three.
    padded = [
        (operator, len(operands) + row, one, other, last)
        for row, (operator, inputs) in enumerate(numbered)
        for one, other, last in [(inputs * 3)[:3]]
    ]
    return Tree(members[-1], tuple(operands), tuple(padded))


def _reads(steps: tuple[Step, ...], task: Tree | int) -> frozenset[int]:
    if isinstance(task, int):
        return frozenset(steps[task].inputs)
    return frozenset(operand.step for operand in task.operands if isinstance(operand, Matrix))


@lru_cache(maxsize=_PLANS)
def planned(formula: Node, fields: tuple[str, ...]) -> Plan:
    """The plan of a formula on a panel with these fields; the last task gives its value.

    Raises FormulaError for a field that the panel lacks and for a free parameter without a value.
    """
    steps = compiled(formula, fields)
    owners = _owners(steps)
    tasks: list[Tree | int] = []
    for place, step in enumerate(steps):
        if owners[place] != place or step.function in ("number", "field"):
            continue
        whole = step.function not in OPERATORS and step.function not in _BACK
        tasks.append(
            place if whole else _tree(steps, [member for member, owner in enumerate(owners) if owner == place])
        )
    gives = tuple(task.step if isinstance(task, Tree) else task for task in tasks)
    return Plan(steps, tuple(tasks), gives, tuple(_reads(steps, task) for task in tasks))
