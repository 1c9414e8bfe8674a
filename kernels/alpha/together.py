"""Many formulas on one panel: equal parts of different formulas are computed once and shared.

A part is what one task of a plan gives: a function over whole matrices, or a tree of operators that has a matrix of its
own. Parts are equal where their canonical forms are. One is kept from the formula that computes it to the last that
reads it, as far as the limit allows: of too many those that are needed latest go, and are computed again.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from kernels.alpha.batch import computed, longer
from kernels.alpha.elementwise import F64
from kernels.alpha.language import Node
from kernels.alpha.plan import Plan, planned
from kernels.alpha.program import Step
from kernels.lanes import LANES

MOST_KEPT_BYTES = 1 << 29


def numbered(programs: Sequence[tuple[Step, ...]]) -> list[tuple[int, ...]]:
    """A number for each step of each program, the same for steps that are equal with all that they are made of."""
    known: dict[tuple[object, ...], int] = {}

    def numbers(program: tuple[Step, ...]) -> tuple[int, ...]:
        own: list[int] = []
        for step in program:
            # -0.0 == 0.0, and they are not the same number.
            key = step.function, step.name, repr(step.constants), *(own[place] for place in step.inputs)
            own.append(known.setdefault(key, len(known)))
        return tuple(own)

    return [numbers(program) for program in programs]


def _uses(plans: Sequence[Plan], names: Sequence[tuple[int, ...]]) -> dict[int, list[int]]:
    """For each part the formulas, in order, that compute, read or are it, when everything is kept."""
    uses: dict[int, list[int]] = {}
    for number, (plan, name) in enumerate(zip(plans, names, strict=True)):
        given = [place for place in plan.gives if name[place] in uses]
        tasks = plan.towards(plan.gives[-1:], given)
        reached = {*plan.gives[-1:], *(plan.gives[task] for task in tasks)}.union(*(plan.reads[task] for task in tasks))
        for place in reached.intersection(plan.gives):
            uses.setdefault(name[place], []).append(number)
    return uses


class _Parts:
    """The parts that are kept, at most `most` at a time."""

    def __init__(self, uses: dict[int, list[int]], most: int, spare: list[F64]) -> None:
        self.kept: dict[int, F64] = {}
        self._uses, self._most, self._spare = uses, most, spare

    def _next_use(self, part: int, number: int) -> float:
        uses = self._uses.get(part, [])
        at = bisect_left(uses, number)
        return uses[at] if at < len(uses) else math.inf

    def chosen(self, number: int, new: Sequence[int]) -> set[int]:
        """Which of the `new` parts formula `number` shall keep; what has to go for them goes."""
        later = [part for part in new if self._next_use(part, number + 1) < math.inf]
        # What this formula reads is needed now.
        soonest = {part: self._next_use(part, number) for part in self.kept}
        soonest |= {part: self._next_use(part, number + 1) for part in later}
        stay = set(sorted(soonest, key=lambda part: (soonest[part], part))[: self._most])
        self.drop([part for part in self.kept if part not in stay])
        return stay.intersection(later)

    def drop(self, parts: Sequence[int]) -> None:
        # They were not touched for long: others, still near the processor, are filled before them.
        self._spare[:0] = [self.kept.pop(part) for part in parts]

    def leave(self, number: int) -> None:
        """Formula `number` is done: what no later one needs goes."""
        self.drop([part for part in self.kept if self._next_use(part, number + 1) == math.inf])


def _copy(values: F64, spare: list[F64]) -> F64:
    if not spare:
        return values.copy()
    np.copyto(spare[-1], values)
    return spare.pop()


def _each(plans: Sequence[Plan], fields: Mapping[str, F64], most: int, spare: list[F64]) -> Iterator[F64]:
    names = numbered([plan.steps for plan in plans])
    parts = _Parts(_uses(plans, names), most, spare)
    for number, (plan, name) in enumerate(zip(plans, names, strict=True)):
        last = len(plan.steps) - 1
        there = [place for place in plan.gives if name[place] in parts.kept]
        fresh = {name[plan.gives[task]]: plan.gives[task] for task in plan.towards((last,), there)}
        keep = {fresh[part] for part in parts.chosen(number, list(fresh))}
        given = {place: parts.kept[name[place]] for place in plan.gives if name[place] in parts.kept}
        found = computed(plan, fields, {last, *keep}, given, spare)
        parts.kept |= {name[place]: found[place] for place in keep}
        # What is kept, and what is a field, is not the caller's to write into.
        shared = last in keep or last in given or not plan.tasks
        result = _copy(found[last], spare) if shared else found[last]
        parts.leave(number)
        yield result


def evaluate_set(
    formulas: Sequence[Node],
    fields: Mapping[str, F64],
    spare: list[F64] | None = None,
    most_kept_bytes: int = MOST_KEPT_BYTES,
) -> Iterator[F64]:
    """The values of each formula in turn, with the bits of `batch.evaluate`; they are the caller's own.

    `fields` and `spare` are those of `evaluate`. Parts kept for later formulas never take more than `most_kept_bytes`
    together; what the formula in progress needs comes on top. Formulas that share much should stand close together.
    Raises FormulaError for any of the formulas, before the first is evaluated.
    """
    plans = [planned(formula, tuple(fields)) for formula in formulas]
    shape = next(iter(fields.values())).shape
    if 0 in shape:
        return (np.empty(shape) for _ in plans)
    if shape[0] * shape[1] < LANES:
        return (values[: shape[0]] for values in evaluate_set(formulas, longer(fields)))
    most = most_kept_bytes // (8 * shape[0] * shape[1])
    return _each(plans, fields, most, [] if spare is None else spare)
