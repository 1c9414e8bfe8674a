"""A proposer's own process, behind walls: reads the view, prints patches, scores and the looks it took as JSON."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cws.patches import Patch, patch_toml
from cws.proposers import formula_mutation as formulas
from cws.proposers.language_model import language_model
from cws.proposers.probing import Tried, listed, tried
from cws.proposers.proposal import Ask, Proposer, Score, read_ask
from cws.proposers.scoring import Scorer
from cws.proposers.settings_search import settings_search
from cws.proposers.skill_swap import skill_swap
from cws.proposers.space import space
from cws.sandbox.view import read_grounds
from cws.trials import Task
from modules.contract import Module
from modules.registry import load

PROPOSERS: dict[str, Proposer] = {
    "settings_search": settings_search,
    "skill_swap": skill_swap,
    "formula_mutation": formulas.formula_mutation,
    "language_model": language_model,
}
# What a proposer can change of a module at all. What a language model thinks of, it thought of for this module.
FITS: dict[str, Callable[[Module], bool]] = {
    "settings_search": lambda module: bool(space(module)),
    "skill_swap": lambda module: bool(module.skill_kinds),
    "formula_mutation": formulas.fits,
    "language_model": lambda module: bool(module.settings_type.model_fields or module.skill_kinds),
}


@dataclass
class Counted:
    """Scores for one ask, remembered; what is beyond the budget cannot be scored."""

    score: Score
    budget: int
    known: dict[str, tuple[Patch, float | None]] = field(default_factory=dict[str, tuple[Patch, float | None]])
    asked: int = 0

    def __call__(self, patch: Patch) -> float | None:
        if patch.id not in self.known:
            if self.asked >= self.budget:
                return None
            self.asked += 1
            self.known[patch.id] = patch, self.score(patch)
        return self.known[patch.id][1]


def proposed(ask: Ask, proposers: Sequence[str], score: Counted) -> list[Patch]:
    """One after another those that fit the module, each with an equal share of what is left of the budget."""
    fitting = [name for name in proposers if FITS[name](load(ask.module))]
    patches: list[Patch] = []
    for place, name in enumerate(fitting):
        share = (ask.budget - score.asked) // (len(fitting) - place)
        patches += PROPOSERS[name](replace(ask, budget=share), score)
    return patches


def probed(asks: Sequence[Ask], scorer: Scorer, budget: int) -> list[Tried]:
    """What is nearby each module, one module after another, each with an equal share of the looks that are left."""
    found: list[Tried] = []
    for place, ask in enumerate(asks):
        share = (budget - sum(one.looks for one in found)) // (len(asks) - place)
        found.append(tried(replace(ask, budget=share), scorer))
    return found


def answer(view: Path) -> dict[str, Any]:
    """Every ask of `about.json` put to every proposer that it names; what is nearby is tried or listed."""
    about = json.loads((view / "about.json").read_text())
    scorer = Scorer(read_grounds(view))
    patches: list[str] = []
    scores: list[list[tuple[str, float | None]]] = []
    for fields in about["asks"]:
        ask = read_ask(fields)
        score = Counted(scorer, ask.budget)
        patches += [patch_toml(patch) for patch in proposed(ask, about["proposers"], score)]
        scores.append([(patch_toml(patch), value) for patch, value in score.known.values()])
    to_try, to_list = ([read_ask(fields) for fields in about[name]] for name in ("try", "list"))
    return {
        "patches": patches,
        "scores": scores,
        "tried": [_tried(one) for one in probed(to_try, scorer, about["try_budget"])],
        "listed": [[patch_toml(patch) for patch in listed(ask)] for ask in to_list],
        "looks": [_look(task) for task in scorer.looks.tasks],
    }


def _tried(one: Tried) -> dict[str, Any]:
    return {"count": one.count, "best": one.best and patch_toml(one.best), "p": one.p, "gain": one.gain}


def _look(task: Task) -> dict[str, Any]:
    asked = {"strategy": task.strategy, "settings": task.settings_hash, "data": dict(task.data)}
    return {**asked, "folds": task.folds, "code": task.code}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(Path(sys.argv[1]))) + "\n")
