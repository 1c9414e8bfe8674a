"""Worlds whose truth is known: paired deltas made up from a seed and put before a rule. Each returns counts.

All patches of a world share one history: the same days, the same factor path. Part of that path is known (the gate
neutralises it) and part is hidden, so what is left still moves together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cws.gate.batch import BatchState, Outcome, Slot, fresh
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.guards import Guards, Pair
from cws.gate.paired import PairedDeltas
from cws.gate.placebo import slots, swapped
from cws.gate.rules import Rule
from kernels.ordered import F64
from modules.examples import DAY_NS, START_NS

SAME = Pair(1.0, 1.0)
EQUAL_GUARDS = Guards(SAME, SAME, SAME, SAME)
RERUN = Rerun("b3:same", "b3:same")
KNOWN_FACTORS, HIDDEN_FACTORS = 3, 1


@dataclass(frozen=True)
class Panel:
    """What all patches of a world share: (K, T) known factors, (H, T) hidden ones, both with mean zero in truth."""

    known: F64
    hidden: F64

    @property
    def days(self) -> int:
        return self.known.shape[1]


def evidence(deltas: F64, factors: F64, horizon_days: int = 1, variants: int = 1) -> Evidence:
    """Paired deltas (units, T) in an ablation that is in order otherwise."""
    stamps = START_NS + DAY_NS * np.arange(deltas.shape[1], dtype=np.int64)
    paired = PairedDeltas(stamps, deltas, factors, horizon_days)
    return Evidence(RERUN, (), Value(paired, EQUAL_GUARDS), variants)


def panel(rng: np.random.Generator, days: int) -> Panel:
    """Factor paths with fat tails and calm and stormy times."""
    storm = np.exp(0.5 * np.cumsum(rng.standard_normal(days)) / np.sqrt(days))
    shocks = rng.standard_t(5, (KNOWN_FACTORS + HIDDEN_FACTORS, days)) * np.sqrt(0.6) * storm
    return Panel(shocks[:KNOWN_FACTORS], shocks[KNOWN_FACTORS:])


def loadings(rng: np.random.Generator, count: int) -> F64:
    """(N, K + H) loadings on the known and the hidden path.

    They have a common sign more often than not, so that a lucky path lifts most patches together.
    """
    known = rng.normal(0.5, 0.5, (count, KNOWN_FACTORS))
    return np.hstack([known, rng.normal(0.4, 0.4, (count, HIDDEN_FACTORS))])


def patches(rng: np.random.Generator, shared: Panel, effects: F64, loads: F64) -> F64:
    """(N, T) daily deltas with mean `effects` (N,) in truth: the shared path by `loads`, and noise of their own."""
    own = rng.standard_normal((effects.size, shared.days))
    return effects[:, None] + loads @ np.vstack([shared.known, shared.hidden]) + own


@dataclass(frozen=True)
class Alone:
    """World (c): one patch at a time at its own level, `days` independent pairs; counts of ships."""

    null_tries: int
    null_ships: int
    power_tries: int
    one_sigma_ships: int
    half_sigma_ships: int


def alone(rule: Rule, seed: Sequence[int], null_tries: int, power_tries: int, days: int = 64) -> Alone:
    rng, no_factors = np.random.default_rng(seed), np.empty((0, days))

    def ships(effect: float, tries: int) -> int:
        rows = effect + rng.standard_normal((tries, 1, days))
        return sum(rule.decide(evidence(row, no_factors)).public[0] for row in rows)

    return Alone(null_tries, ships(0.0, null_tries), power_tries, ships(1.0, power_tries), ships(0.5, power_tries))


@dataclass(frozen=True)
class Week:
    """A batch's next state, and what it said of its patches and of the placebos among its slots."""

    state: BatchState
    outcomes: list[Outcome]
    placebos: list[Outcome]


def _week(
    rule: Rule, state: BatchState, rows: F64, factors: F64, coins: np.random.Generator, variants: int = 1
) -> Week:
    """One batch as a house makes it: a slot a patch, then placebos of as many as a house draws.

    Every eighth patch touches no risk, so both procedures of the batch have work.
    """
    given = [evidence(row[None, :], factors, variants=variants) for row in rows]
    chosen = slots(len(given), coins).tolist()
    fake = [_swapped(given[place], coins) for place in chosen]
    risks = [place % 8 != 0 for place in (*range(len(given)), *chosen)]
    asked = [Slot(rule.decide(one), risk) for one, risk in zip((*given, *fake), risks, strict=True)]
    after, found = rule.weekly(state, asked)
    return Week(after, found[: len(given)], found[len(given) :])


def _swapped(given: Evidence, coins: np.random.Generator) -> Evidence:
    assert isinstance(given.measured, Value)
    return replace(given, measured=replace(given.measured, paired=swapped(given.measured.paired, coins)))


def null_weeks(rule: Rule, seed: Sequence[int], weeks: int, batch: int, days: int = 250) -> int:
    """World (a): in how many all-null weeks anything ships. Each is a first week, when the batch level is highest."""
    rng, lucky = np.random.default_rng(seed), 0
    (coins,) = rng.spawn(1)
    for _ in range(weeks):
        shared = panel(rng, days)
        rows = patches(rng, shared, np.zeros(batch), loadings(rng, batch))
        found = _week(rule, fresh(), rows, shared.known, coins)
        lucky += any(outcome is not Outcome.REJECT for outcome in found.outcomes)
    return lucky


@dataclass(frozen=True)
class Discoveries:
    """What shipped in one stream of weeks; ships at once are counted in `ships` too, placebos apart from all."""

    ships: int
    false_ships: int
    better: int
    at_once: int
    false_at_once: int
    placebos: int
    placebo_ships: int

    @property
    def false_share(self) -> float:
        """False discovery proportion, 0 when nothing shipped."""
        return self.false_ships / max(self.ships, 1)

    @property
    def power(self) -> float:
        return (self.ships - self.false_ships) / max(self.better, 1)


def counted(weeks: Sequence[Week], better: NDArray[np.bool_]) -> Discoveries:
    outcomes = [outcome for week in weeks for outcome in week.outcomes]
    placebos = [outcome for week in weeks for outcome in week.placebos]
    found = np.array([outcome is not Outcome.REJECT for outcome in outcomes])
    at_once = np.array([outcome is Outcome.SHIP for outcome in outcomes])
    return Discoveries(
        int(found.sum()), int((found & ~better).sum()), int(better.sum()),
        int(at_once.sum()), int((at_once & ~better).sum()),
        len(placebos), sum(outcome is not Outcome.REJECT for outcome in placebos),
    )  # fmt: skip


def effects(rng: np.random.Generator, count: int, share_better: float) -> F64:
    """Zero for most; for the better ones 0.1 to 0.5 of their own daily noise."""
    return np.where(rng.random(count) < share_better, rng.uniform(0.1, 0.5, count), 0.0)


def stream(rule: Rule, seed: Sequence[int], weeks: int, batch: int, neutralised: bool, days: int = 250) -> Discoveries:
    """World (b): weeks of patches, 25 % truly better, all on one history."""
    rng = np.random.default_rng(seed)
    (coins,) = rng.spawn(1)
    shared, state = panel(rng, days), fresh()
    found: list[Week] = []
    truths: list[F64] = []
    factors = shared.known if neutralised else np.empty((0, days))
    for _ in range(weeks):
        truths.append(effects(rng, batch, 0.25))
        rows = patches(rng, shared, truths[-1], loadings(rng, batch))
        found.append(_week(rule, state, rows, factors, coins))
        state = found[-1].state
    return counted(found, np.concatenate(truths) > 0.0)


TUNED_ON_SEARCH, TRIED_ON_CONFIRM, SEARCH_DAYS = 50, 5, 64


def _studentised(rows: F64, factors: F64) -> F64:
    """What an adversary looks at: t of the mean of each of `rows` (..., T) apart from the factors."""
    basis, _ = np.linalg.qr(factors.T)
    left = rows - (rows @ basis) @ basis.T
    return left.mean(axis=-1) / left.std(axis=-1)


def _best_of_many(rng: np.random.Generator, search: Panel, confirm: Panel, truth: F64) -> F64:
    """(N, T) deltas on confirm days of the variant that an adversary presents of each of N findings.

    Of 50 variants it takes the 5 that look best on search days, tries these on confirm days and presents the best.
    """
    count = truth.size
    loads, truths = loadings(rng, count * TUNED_ON_SEARCH), np.repeat(truth, TUNED_ON_SEARCH)
    looks = _studentised(patches(rng, search, truths, loads), search.known).reshape(count, TUNED_ON_SEARCH)
    best = np.argsort(-looks, axis=1)[:, :TRIED_ON_CONFIRM] + TUNED_ON_SEARCH * np.arange(count)[:, None]
    tried = patches(rng, confirm, truths[best.ravel()], loads[best.ravel()])
    shown = np.argmax(_studentised(tried, confirm.known).reshape(best.shape), axis=1)
    return tried.reshape(count, TRIED_ON_CONFIRM, -1)[np.arange(count), shown]


def adversary(rule: Rule, seed: Sequence[int], weeks: int, batch: int, days: int = 250) -> Discoveries:
    """World (d): as (b), but every finding is tuned; the gate knows how many variants it saw on confirm days."""
    rng = np.random.default_rng(seed)
    (coins,) = rng.spawn(1)
    search, confirm, state = panel(rng, SEARCH_DAYS), panel(rng, days), fresh()
    found: list[Week] = []
    truths: list[F64] = []
    for _ in range(weeks):
        truths.append(effects(rng, batch, 0.25))
        shown = _best_of_many(rng, search, confirm, truths[-1])
        found.append(_week(rule, state, shown, confirm.known, coins, TRIED_ON_CONFIRM))
        state = found[-1].state
    return counted(found, np.concatenate(truths) > 0.0)
