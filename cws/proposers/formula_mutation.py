"""Alpha-formula mutation: typed genetic programming from a module's formula towards one that scores better.

Steady state: a tournament picks a parent, one change makes a child, and a child that nobody scored before costs one
look. Short formulas win ties, and a longer one must earn its length.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cws.patches import Patch
from cws.proposers.proposal import Ask, Score
from cws.proposers.settings_search import WORTH_A_LOOK
from cws.proposers.typed_trees import Grower, Words, settled, size
from kernels.alpha.canonical import text
from kernels.alpha.language import FIELDS, GROUPS, FormulaError, Node
from kernels.alpha.parse import parse
from modules.contract import Module
from modules.errors import CwsError
from modules.registry import load
from modules.settings import bind

SETTING = "formula"
# Points of the studentised mean that one node must earn; ten nodes cost a fifth of what is worth a look.
PARSIMONY = 0.02
POPULATION, TOURNAMENT = 12, 3
# Most changes of a small tree are new; this many known ones in a row say that the space is used up.
MAX_KNOWN_IN_A_ROW = 200


def fits(module: Module) -> bool:
    return SETTING in module.settings_type.model_fields


@dataclass(frozen=True)
class Scored:
    """A formula and what it scored; minus infinity for one that cannot run."""

    tree: Node
    score: float

    @property
    def fitness(self) -> tuple[float, int, str]:
        """Greater is better; equal scores go to the shorter, and then by text so that the order is always the same."""
        return self.score - PARSIMONY * size(self.tree), -size(self.tree), text(self.tree)


def formula_mutation(ask: Ask, score: Score) -> list[Patch]:
    """At most one patch, after at most `budget` scores. Deterministic for a seed."""
    module = load(ask.module)
    if not fits(module) or ask.budget < 1:
        return []
    now = parse(bind(module).settings.model_dump()[SETTING])
    grower = Grower(words_of(module), np.random.default_rng(ask.seed))
    donors = [tree for formula in ask.formulas if (tree := _donor(module, formula)) is not None]

    def scored(tree: Node) -> Scored:
        found = score(_patch(ask, tree))
        return Scored(tree, float("-inf") if found is None else found)

    found = _evolved(grower, Scored(now, 0.0), donors, scored, ask.budget)
    best = max(found, key=lambda one: one.fitness)
    return [_patch(ask, best.tree)] if best.score > WORTH_A_LOOK else []


def words_of(module: Module) -> Words:
    """The fields and groups that the module's own check of its formula lets pass."""
    fields = tuple(name for name in FIELDS if _accepts(module, name))
    assert fields, f"{module.name} takes no formula of one field"
    return Words(fields, tuple(name for name in GROUPS if _accepts(module, f"neutralise({fields[0]}, {name})")))


def _accepts(module: Module, formula: str) -> bool:
    try:
        bind(module, {SETTING: formula})
    except CwsError:
        return False
    return True


def _donor(module: Module, formula: str) -> Node | None:
    """A published formula that this module could run; what has another panel's fields gives no parts."""
    try:
        return parse(formula) if _accepts(module, formula) else None
    except FormulaError:
        return None


def _patch(ask: Ask, tree: Node) -> Patch:
    return Patch(ask.module, {SETTING: text(tree)}, {}, ask.finding, "formula_mutation")


def _evolved(
    grower: Grower, start: Scored, donors: list[Node], scored: Callable[[Node], Scored], budget: int
) -> list[Scored]:
    """Everything scored, the start first."""
    everything, population, known = [start], [start], {text(start.tree)}
    tried_in_a_row = 0
    while len(everything) <= budget and tried_in_a_row < MAX_KNOWN_IN_A_ROW:
        tried_in_a_row += 1
        child = settled(_changed(grower, population, donors))
        if child is None or text(child) in known:
            continue
        tried_in_a_row = 0
        known.add(text(child))
        everything.append(scored(child))
        population = sorted([*population, everything[-1]], key=lambda one: one.fitness)[-POPULATION:]
    return everything


def _changed(grower: Grower, population: list[Scored], donors: list[Node]) -> Node:
    """One change of a tournament's winner."""
    rng = grower.rng
    parent = max((_drawn(rng, population) for _ in range(TOURNAMENT)), key=lambda one: one.fitness).tree
    changes: list[Callable[[Node], Node]] = [
        grower.point, grower.subtree, grower.constants, grower.hoisted, grower.wrapped,
        lambda tree: grower.crossed(tree, _partner(grower, population, donors)), lambda tree: grower.grown("real"),
    ]  # fmt: skip
    return changes[int(rng.integers(len(changes)))](parent)


def _partner(grower: Grower, population: list[Scored], donors: list[Node]) -> Node:
    """Half of the time a published formula, where there is one."""
    rng = grower.rng
    if donors and rng.random() < 0.5:
        return donors[int(rng.integers(len(donors)))]
    return _drawn(rng, population).tree


def _drawn(rng: np.random.Generator, population: list[Scored]) -> Scored:
    return population[int(rng.integers(len(population)))]
