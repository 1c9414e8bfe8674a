"""From findings to patches: what may be proposed about is put to proposers behind walls, and what they say is checked.

A proposer sees the search folds and the finding. What comes back is text: it passes `parse_patch` like anybody's.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cws.ablation.ablate import Bench
from cws.ablation.folds import folds_of, long_enough
from cws.ablation.ground import Ground, until
from cws.patches import Patch, parse_patch, patch_toml
from cws.proposers.proposal import Ask
from cws.sandbox.confine import VIEW, Budget, confined
from cws.sandbox.view import hidden_data, write_view
from cws.strategies import Catalogue
from cws.supervisor.findings import Finding
from cws.trials import Sink, Task
from modules.errors import CwsError
from modules.registry import load, names

PROPOSERS = ("settings_search", "skill_swap")
# Fewer looks than this find nothing in a space of several settings.
MIN_SCORES = 8
SECONDS_PER_SCORE = 20.0


@dataclass(frozen=True)
class Proposals:
    """Patches that passed the checks, in the order of their findings; refusals; how many search looks were counted."""

    patches: tuple[Patch, ...]
    refused: tuple[str, ...]
    looks: int


def asks_of(findings: Sequence[Finding], budget: int, seed: int) -> list[Ask]:
    """One ask a module that may be patched on value, the worst finding first, until the budget of scores is gone."""
    asked: dict[str, Ask] = {}
    for finding in findings:
        left = budget - sum(ask.budget for ask in asked.values())
        if left < MIN_SCORES:
            break
        if finding.module in asked or finding.module not in names():
            continue
        if load(finding.module).manifest.judge == "value":
            share = min(left, max(MIN_SCORES, budget // 4))
            asked[finding.module] = Ask(finding.id, finding.module, finding.suspects, share, seed)
    return list(asked.values())


def propose(bench: Bench, catalogue: Catalogue, asks: Sequence[Ask], proposers: Sequence[str]) -> Proposals:
    """Put the asks to the proposers in one confined process.

    Raises CWS-SANDBOX-001 to -003. Every look that was taken on search folds is counted as a trial.
    """
    if not asks:
        return Proposals((), (), 0)
    scores = sum(ask.budget for ask in asks)
    with tempfile.TemporaryDirectory(prefix="cws-view-") as folder:
        view = Path(folder)
        about = {"asks": [asdict(ask) for ask in asks], "proposers": [*proposers]}
        write_view(view, search_grounds(bench), about)
        command = [sys.executable, "-m", "cws.proposers.child", str(VIEW)]
        seconds = 60.0 + SECONDS_PER_SCORE * scores
        said = confined(view, hidden_data(catalogue), command, Budget(wall_s=seconds, cpu_s=int(seconds)))
    return _heard(bench, json.loads(said.strip().split("\n")[-1]), scores)


def search_grounds(bench: Bench) -> list[Ground]:
    """What the days before each ground's cut are, for grounds that can be cut."""
    return [until(ground, folds_of(ground).cut) for ground in bench.grounds() if long_enough(ground)]


def _heard(bench: Bench, answer: Mapping[str, Any], scores: int) -> Proposals:
    patches: dict[str, Patch] = {}
    refused: list[str] = []
    for number, text in enumerate(answer["patches"]):
        try:
            patch = parse_patch(str(text), f"proposal {number}")
            patches.setdefault(patch.id, patch)
        except CwsError as refusal:
            refused.append(str(refusal))
    looks = [_task(fields) for fields in answer["looks"]]
    _count(bench.sink, looks)
    known = {str(entry.body["patch"]) for entry in bench.house.ledger.entries("patch")}
    new = [("patch", _body(patch)) for patch in patches.values() if patch.id not in known]
    bench.house.ledger.append_many(new)
    return Proposals(tuple(patches.values()), tuple(refused), len(looks))


def _body(patch: Patch) -> dict[str, object]:
    about = {"patch": patch.id, "module": patch.module, "finding": patch.finding, "proposer": patch.proposer}
    return {**about, "toml": patch_toml(patch)}


def _task(fields: Mapping[str, Any]) -> Task:
    return Task(
        str(fields["strategy"]), str(fields["settings"]), dict(fields["data"]), str(fields["folds"]),
        str(fields["code"]), dict,
    )  # fmt: skip


def _count(sink: Sink, looks: Sequence[Task]) -> None:
    for task in looks:
        sink.record(task)
