"""Certification: the gate's error rates, measured in worlds whose truth is known. Any seed must pass."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from cws.gate.bounds import Bound, at_least, at_most, mean_at_most, sizes_hold
from cws.gate.reruns import Twice, aa_figures
from cws.gate.rules import OURS, POSITIVE, UNCORRECTED, Rule
from cws.gate.size_table import Sizes, cells, sizes
from cws.gate.worlds import Alone, Discoveries, adversary, alone, null_weeks, stream

FALSE_DISCOVERIES = 0.10


@dataclass(frozen=True)
class Counts:
    """How much of each world: patches alone, all-null weeks, streams of weeks, series of the size table.

    `fdr_errors` is how many standard errors a false discovery rate may be above its bound: none in the full counts.
    """

    null_tries: int
    power_tries: int
    null_weeks: int
    streams: int
    raw_streams: int
    adversaries: int
    weeks: int
    batch: int
    size_values: int
    size_tries: int
    fdr_errors: float


FULL = Counts(40_000, 4_000, 200, 60, 20, 40, 10, 800, 63_000_000, 400_000, 0.0)
# The same worlds with fewer repetitions, so their bounds carry wider standard errors.
SHORT = Counts(4_000, 400, 8, 12, 4, 12, 4, 200, 1_260_000, 10_000, 3.0)
NAIVE_WEEKS, NAIVE_TRIES, WEEKS_A_TASK = 4, 2_000, 4


@dataclass(frozen=True)
class NullWeeks:
    weeks: int
    lucky: int


Answer: TypeAlias = Alone | NullWeeks | Discoveries | Sizes


@dataclass(frozen=True)
class Task:
    """One piece of work: it depends on nothing but itself, so pieces may run anywhere in any order."""

    name: str
    run: Callable[..., Answer]
    arguments: tuple[object, ...]


def answer(task: Task) -> Answer:
    return task.run(*task.arguments)


Mapper: TypeAlias = Callable[[Callable[[Task], Answer], Sequence[Task]], Iterable[Answer]]


def _null_weeks(rule: Rule, seed: Sequence[int], weeks: int, batch: int) -> NullWeeks:
    return NullWeeks(weeks, null_weeks(rule, seed, weeks, batch))


def tasks(rule: Rule, seed: int, counts: Counts) -> Iterator[Task]:
    """All worlds of a rule, the longest pieces first."""
    for n, cell in enumerate(reversed(list(cells(counts.size_values, counts.size_tries)))):
        yield Task("sizes", sizes, (rule, (seed, 5, n), cell))
    size = (counts.weeks, counts.batch)
    for n in range(counts.adversaries):
        yield Task("adversary", adversary, (rule, (seed, 4, n), *size))
    for n in range(counts.streams):
        yield Task("stream", stream, (rule, (seed, 2, n), *size, True))
    for n in range(counts.raw_streams):
        yield Task("raw stream", stream, (rule, (seed, 2, n), *size, False))
    for n in range(counts.null_weeks // WEEKS_A_TASK):
        yield Task("null weeks", _null_weeks, (rule, (seed, 1, n), WEEKS_A_TASK, counts.batch))
    yield Task("alone", alone, (rule, (seed, 3), counts.null_tries, counts.power_tries))


def naive_tasks(seed: int) -> Iterator[Task]:
    """What the rules of others do in the same worlds."""
    for rule in (POSITIVE, UNCORRECTED):
        yield Task(f"alone: {rule.name}", alone, (rule, (seed, 3), NAIVE_TRIES, 0))
        yield Task(f"null weeks: {rule.name}", _null_weeks, (rule, (seed, 1, 0), NAIVE_WEEKS, 200))


@dataclass(frozen=True)
class Certificate:
    """`figures` by their names; `bounds` that were held against them; the size table."""

    seed: int
    figures: dict[str, float]
    bounds: tuple[Bound, ...]
    sizes: tuple[Sizes, ...] = field(repr=False)

    @property
    def passed(self) -> bool:
        return all(bound.passed for bound in self.bounds)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _alone(found: Alone) -> tuple[dict[str, float], list[Bound]]:
    figures = {
        "null_false_ship_rate": found.null_ships / found.null_tries,
        "power_1_sigma": found.one_sigma_ships / found.power_tries,
        "power_half_sigma": found.half_sigma_ships / found.power_tries,
    }
    return figures, [
        at_most("null_false_ship_rate", figures["null_false_ship_rate"], 0.01, found.null_tries),
        at_least("power_1_sigma", figures["power_1_sigma"], 0.99, found.power_tries),
        at_least("power_half_sigma", figures["power_half_sigma"], 0.70, found.power_tries),
    ]


def _streams(found: Sequence[Discoveries], name: str) -> tuple[dict[str, float], list[float]]:
    """The mean false share is the false discovery rate."""
    shares = [one.false_share for one in found]
    at_once = [one.false_at_once / max(one.at_once, 1) for one in found]
    placebos = sum(one.placebos for one in found)
    figures = {
        name: _mean(shares),
        f"{name}_at_once": _mean(at_once),
        f"{name}_power": _mean([one.power for one in found]),
        f"{name}_placebo_ship_rate": sum(one.placebo_ships for one in found) / max(placebos, 1),
    }
    return figures, shares


def _naive(by_name: dict[str, list[Answer]]) -> tuple[dict[str, float], list[Bound]]:
    figures: dict[str, float] = {}
    bounds: list[Bound] = []
    for rule, name in ((POSITIVE, "naive"), (UNCORRECTED, "uncorrected")):
        single, weeks = by_name[f"alone: {rule.name}"][0], by_name[f"null weeks: {rule.name}"][0]
        assert isinstance(single, Alone)
        assert isinstance(weeks, NullWeeks)
        figures[f"{name}_false_ship_rate"] = single.null_ships / single.null_tries
        figures[f"{name}_null_batch_any_ship"] = weeks.lucky / weeks.weeks
        theirs = at_most(name, figures[f"{name}_false_ship_rate"], 0.01, single.null_tries)
        # A harness that lets these pass would let everything pass.
        bounds.append(Bound(f"{name}_rule_is_caught", theirs.measured, theirs.limit, 0.0, not theirs.passed))
    return figures, bounds


def _figures(by_name: dict[str, list[Answer]], fdr_errors: float) -> tuple[dict[str, float], list[Bound]]:
    figures, bounds = _alone(*[one for one in by_name["alone"] if isinstance(one, Alone)])
    for world, name in (("stream", "fdr"), ("adversary", "adversary_fdr"), ("raw stream", "fdr_raw")):
        more, shares = _streams([one for one in by_name[world] if isinstance(one, Discoveries)], name)
        figures.update(more)
        # Raw deltas are not what the gate decides on: they show what neutralising is worth.
        bounds += [mean_at_most(name, shares, FALSE_DISCOVERIES, fdr_errors)] if world != "raw stream" else []
    weeks = [one for one in by_name["null weeks"] if isinstance(one, NullWeeks)]
    tried = sum(one.weeks for one in weeks)
    figures["null_batch_any_ship"] = sum(one.lucky for one in weeks) / tried
    bounds.append(at_most("null_batch_any_ship", figures["null_batch_any_ship"], FALSE_DISCOVERIES, tried))
    return figures, bounds


def certify(
    seed: int,
    counts: Counts,
    mapper: Mapper,
    aa: Callable[[], Sequence[Twice]],
    rule: Rule = OURS,
) -> Certificate:
    """Run all worlds and hold bounds against them. `aa` runs modules and strategies twice."""
    reruns, same = aa_figures(aa(), rule)
    work = [*tasks(rule, seed, counts), *naive_tasks(seed)]
    by_name: dict[str, list[Answer]] = {}
    for task, found in zip(work, mapper(answer, work), strict=True):
        by_name.setdefault(task.name, []).append(found)
    figures, bounds = _figures(by_name, counts.fdr_errors)
    more, caught = _naive(by_name)
    figures |= more | reruns
    bounds += [*caught, *same]
    table = tuple(one for one in by_name["sizes"] if isinstance(one, Sizes))
    return Certificate(seed, figures, (*bounds, *sizes_hold(table)), table)
