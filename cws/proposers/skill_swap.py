"""Every other skill of each kind that a module uses, the best one on search folds."""

from cws.patches import Patch
from cws.proposers.proposal import Ask, Score
from cws.proposers.settings_search import WORTH_A_LOOK
from modules.registry import load
from modules.settings import bind
from modules.skills.registry import skills_of_kind


def skill_swap(ask: Ask, score: Score) -> list[Patch]:
    """At most one patch."""
    bound = bind(load(ask.module))
    tries = [
        Patch(ask.module, {}, {kind: name}, ask.finding, "skill_swap")
        for kind, chosen in bound.skills.items()
        for name in skills_of_kind(kind)
        if name != chosen.name
    ][: ask.budget]
    scored = [(value, patch) for patch in tries if (value := score(patch)) is not None and value > WORTH_A_LOOK]
    return [patch for _, patch in sorted(scored, key=lambda one: (-one[0], one[1].id))[:1]]
