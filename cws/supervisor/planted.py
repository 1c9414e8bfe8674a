"""Improvements whose truth is known, before the gate: what ships of the true ones, and how much of what ships is false.

A planted house trades one idea in eight strategies of different schedules, each on a world of its own, with a mistaken
setting in force. Its patches are other values of that setting. The truth of each is asked of the worlds themselves:
the weights that the strategies really hold with and without it, at equal size, against what was planted into each bar.
A null house has worlds without any alpha: whatever ships there is luck.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cws.ablation.arm import after, play, task
from cws.ablation.deltas import Unit, guards, market_returns, paired
from cws.ablation.folds import Folds, folds_of
from cws.ablation.ground import Ground, changed, patched, until
from cws.ablation.rehearsal import Reuse, rehearse
from cws.gate.batch import Outcome, Slot, fresh, weekly
from cws.gate.decide import decide
from cws.gate.evidence import Evidence, Rerun, Value
from cws.gate.guards import Pair
from cws.gate.p_value import mean_tests
from cws.gate.paired import averaged
from cws.gate.verdict import Kind, Reason, Verdict
from cws.market.spec import World, without_alpha
from cws.market.strength import held_weights
from cws.market.truth import Truth, truth_of
from cws.patches import Patch
from cws.proposers.scoring import Looks
from cws.proposers.space import Range, space
from cws.release import released
from cws.strategies import Strategy
from cws.supervisor.panel import IDEAS, Idea, ground, world_of_idea
from cws.trials import evaluate
from kernels.ordered import F64, ordered_mean
from modules.registry import load

STRATEGIES = 8
SCHEDULES = ("weekly", "every_bar")
# What counts as an improvement, and what as none; patches between the two are not planted.
TRUE_IR, FALSE_IR = 1.5, 0.0
SCREEN_P = 0.3
SAME = Pair(1.0, 1.0)
NULL_BARS, NULL_SYMBOLS = 500, 6


def _formula(bars: int, sign: str = "-", name: str = "close") -> str:
    return f"cs_rank({sign}delta({name}, {bars}) / delay({name}, {bars}))"


@dataclass(frozen=True)
class Mistake:
    """A value in force that is wrong for its idea, and the values that patches put in its place."""

    idea: str
    module: str
    key: str
    wrong: float | int | str
    others: tuple[float | int | str, ...]

    def patches(self) -> list[Patch]:
        return [Patch(self.module, {self.key: value}) for value in self.others]


_TURNED = tuple(_formula(bars, "") for bars in (3, 10, 20, 60))
_FIELDS = tuple(_formula(bars, "-", "volume") for bars in (3, 10, 20))
_RIGHT = tuple(_formula(bars) for bars in (3, 4, 5, 6))
MISTAKES: tuple[Mistake, ...] = (
    Mistake("formula", "alpha_formula", "formula", _formula(5, ""), (*_RIGHT, *_TURNED, *_FIELDS)),
    Mistake("formula", "alpha_formula", "formula", _formula(1), (*_RIGHT, *_TURNED, *_FIELDS)),
    Mistake("formula", "alpha_formula", "formula", _formula(5, "-", "volume"), (*_RIGHT, *_TURNED, *_FIELDS[:1])),
    Mistake("reversal", "reversal_5d", "window_bars", 1, (3, 4, 5, 6, 40, 60, 90, 120, 180, 250)),
    Mistake("momentum", "momentum_12_1", "lookback_bars", 63, (200, 230, 252, 270, 64, 65, 66)),
    Mistake("crossing", "ma_cross", "slow_bars", 52, (150, 180, 200, 220, 51, 53)),
)


@dataclass(frozen=True)
class Field:
    """A ground, the truth of its world, its folds."""

    ground: Ground
    truth: Truth
    folds: Folds


@dataclass(frozen=True)
class Planted:
    """A patch, its true annual information ratio (NaN in a null house), what the gate said, and whether it ships."""

    patch: Patch
    true_ir: float
    verdict: Verdict
    ships: bool

    @property
    def is_true(self) -> bool:
        return self.true_ir >= TRUE_IR


def fields(idea: Idea, world: World, seed: int, count: int = STRATEGIES) -> list[Field]:
    """`count` strategies of one idea, their schedules in turn, each on a world of its own."""
    found: list[Field] = []
    for turn in range(count):
        one = ground(idea, world, 100 * seed + turn, f"{idea.name}_{turn}")
        one = replace(one, strategy=_free(one.strategy, SCHEDULES[turn % len(SCHEDULES)]))
        truth = truth_of(world.model_copy(update={"name": one.name}), 100 * seed + turn)
        found.append(Field(one, truth, folds_of(one)))
    return found


def _free(strategy: Strategy, schedule: str) -> Strategy:
    """With its schedule, and without costs: the truth knows none, and trading less is no improvement here."""
    sizing = next(name for name in strategy.chain("size") if "schedule" in load(name).skill_kinds)
    return strategy.model_copy(update={"skills": {sizing: {"schedule": schedule}}, "settings": {"cost_bps": 0.0}})


def true_ir(fields: Sequence[Field], patch: Patch, reuse: Reuse) -> float:
    """Mean over strategies of the expected annual information ratio of candidate less baseline, held at equal size."""
    return ordered_mean(np.array([_true_ir(one, patch, reuse) for one in fields if changed(one.ground, patch)]))


def _true_ir(one: Field, patch: Patch, reuse: Reuse) -> float:
    before, then = (_weights(ground, one.truth, reuse) for ground in (one.ground, patched(one.ground, patch)))
    sizes = [math.sqrt(float(np.mean(_risk(held, one.truth)))) for held in (before, then)]
    return one.truth.expected_ir(then * (sizes[0] / sizes[1]) - before) if min(sizes) > 0.0 else 0.0


def _risk(held: F64, truth: Truth) -> F64:
    """(T,) variance of each bar's return."""
    own, common = held * truth.noise_sd, (held @ truth.loadings.T) * truth.factor_sd
    return (own * own).sum(axis=1) + (common * common).sum(axis=1)


def _weights(one: Ground, truth: Truth, reuse: Reuse) -> F64:
    tested = rehearse(one, ("feature", "backtest"), reuse)
    opened = evaluate(task(one, "truth", tested.tables), Looks()).tables
    return held_weights(truth, opened["holdings"].frame, opened["equity"].frame, "open")


@dataclass
class House:
    """Strategies and the memo that they share; the release in force is the block's around it."""

    fields: Sequence[Field]
    reuse: Reuse = field(default_factory=lambda: Reuse(most=1_000))

    def judge(self, patch: Patch) -> Verdict:
        """Screen on search folds, then the gate on confirm folds."""
        mine = [one for one in self.fields if changed(one.ground, patch)]
        early = [(until(one.ground, one.folds.cut), one) for one in mine]
        units = [self._unit(ground, patch, 0) for ground, _ in early]
        if any(unit.candidate.failure for unit in units):
            return Verdict(Kind.REJECT, Reason.CONTRACT_BROKEN)
        horizon = max(one.folds.horizon_days for one in mine)
        deltas = paired(units, horizon)
        series = averaged(deltas)
        if not series.any() or mean_tests(series[None, :], horizon, len(deltas.factors)).p[0] > SCREEN_P:
            return Verdict(Kind.REJECT, Reason.SCREENED)
        units = [self._unit(one.ground, patch, one.folds.confirm) for one in mine]
        hashes = _hash_of(units)
        return decide(Evidence(Rerun(hashes, hashes), (), Value(paired(units, horizon), guards(units, SAME))))

    def _unit(self, ground: Ground, patch: Patch, first_day: int) -> Unit:
        arms = [play(one, "planted", Looks(), self.reuse) for one in (ground, patched(ground, patch))]
        return Unit(ground.name, after(arms[0], first_day), after(arms[1], first_day), market_returns(ground))


def _hash_of(units: Sequence[Unit]) -> str:
    return "+".join(unit.baseline.hash for unit in units)


def week(
    house: House, patches: Sequence[Patch], truths: Sequence[float], progress: Callable[[], None]
) -> list[Planted]:
    """One weekly batch over all patches: what passes the gate and is found by the batch ships."""
    verdicts: list[Verdict] = []
    for patch in patches:
        verdicts.append(house.judge(patch))
        progress()
    _, outcomes = weekly(fresh(), [Slot(verdict) for verdict in verdicts])
    return [
        Planted(patch, truth, verdict, outcome is not Outcome.REJECT)
        for patch, truth, verdict, outcome in zip(patches, truths, verdicts, outcomes, strict=True)
    ]


def planted_week(
    mistake: Mistake, seed: int, progress: Callable[[], None] = lambda: None, count: int = STRATEGIES
) -> list[Planted]:
    """A house with the mistake in force and one batch of its patches: true ones and false ones, none between."""
    idea = next(one for one in IDEAS if one.name == mistake.idea)
    house = House(fields(idea, world_of_idea(idea), seed, count))
    with released([Patch(mistake.module, {mistake.key: mistake.wrong})]):
        truths = [(patch, true_ir(house.fields, patch, house.reuse)) for patch in mistake.patches()]
        clear = [(patch, truth) for patch, truth in truths if truth >= TRUE_IR or truth <= FALSE_IR]
        return week(house, [patch for patch, _ in clear], [truth for _, truth in clear], progress)


def null_week(seed: int, budget: int, progress: Callable[[], None] = lambda: None) -> int:
    """How many of `budget` patches ship where there is nothing to find."""
    found: list[Field] = []
    for place, idea in enumerate(IDEAS):
        base = world_of_idea(idea, NULL_BARS).model_copy(update={"symbols": NULL_SYMBOLS})
        found += fields(idea, without_alpha(base), 10 * seed + place, 2)
    rng = np.random.default_rng([seed, budget])
    patches = drawn_patches(rng, budget)
    return sum(one.ships for one in week(House(found), patches, [math.nan] * len(patches), progress))


def drawn_patches(rng: np.random.Generator, count: int) -> list[Patch]:
    """Distinct patches of modules that P&L judges, drawn from all over their settings' space."""
    ideas = {name for idea in IDEAS for name in (*idea.feature, *idea.size)}
    judged = sorted(name for name in ideas if load(name).manifest.judge == "value" and _able(name))
    drawn: dict[str, Patch] = {}
    while len(drawn) < count:
        name = judged[int(rng.integers(len(judged)))]
        patch = _drawn(rng, name)
        drawn.setdefault(patch.id, patch)
    return list(drawn.values())


def _able(name: str) -> bool:
    module = load(name)
    return bool(space(module)) or "formula" in module.settings_type.model_fields


def _drawn(rng: np.random.Generator, name: str) -> Patch:
    """One setting at a value anywhere in its space; a formula at another lookback, field or sign."""
    module = load(name)
    if "formula" in module.settings_type.model_fields:
        field = ("close", "open", "high", "low", "volume")[int(rng.integers(5))]
        return Patch(name, {"formula": _formula(int(rng.integers(1, 120)), ("-", "")[int(rng.integers(2))], field)})
    choices = space(module)
    key = sorted(choices)[int(rng.integers(len(choices)))]
    choice = choices[key]
    if not isinstance(choice, Range):
        return Patch(name, {key: choice[int(rng.integers(len(choice)))]})
    low, high = (math.log(end) if choice.geometric else end for end in (max(choice.low, 1e-9), choice.high))
    drawn = rng.uniform(low, high)
    value = math.exp(drawn) if choice.geometric else drawn
    return Patch(name, {key: round(value) if choice.whole else float(f"{value:.3g}")})
