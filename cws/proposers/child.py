"""A proposer's own process, behind walls: reads the view, prints patches and the looks that it took as JSON."""

import json
import sys
from pathlib import Path
from typing import Any

from cws.patches import patch_toml
from cws.proposers.proposal import Ask, Proposer
from cws.proposers.scoring import Scorer
from cws.proposers.settings_search import settings_search
from cws.proposers.skill_swap import skill_swap
from cws.sandbox.view import read_grounds
from cws.trials import Task

PROPOSERS: dict[str, Proposer] = {"settings_search": settings_search, "skill_swap": skill_swap}


def answer(view: Path) -> dict[str, Any]:
    """Every ask of `about.json` put to every proposer that it names."""
    about = json.loads((view / "about.json").read_text())
    scorer = Scorer(read_grounds(view))
    patches: list[str] = []
    for fields in about["asks"]:
        suspects = tuple(str(name) for name in fields["suspects"])
        ask = Ask(fields["finding"], fields["module"], suspects, fields["budget"], fields["seed"])
        for name in about["proposers"]:
            patches += [patch_toml(patch) for patch in PROPOSERS[name](ask, scorer)]
    return {"patches": patches, "looks": [_look(task) for task in scorer.looks.tasks]}


def _look(task: Task) -> dict[str, Any]:
    asked = {"strategy": task.strategy, "settings": task.settings_hash, "data": dict(task.data)}
    return {**asked, "folds": task.folds, "code": task.code}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(Path(sys.argv[1]))) + "\n")
