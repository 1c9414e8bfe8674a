"""From findings to patches: what may be proposed about is put to proposers behind walls, and what they say is checked.

A proposer sees the search folds and the finding. What comes back is text: it passes `parse_patch` like anybody's.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cws.ablation.ablate import Bench
from cws.ablation.folds import folds_of, long_enough
from cws.ablation.ground import Ground, until
from cws.known_alphas import known_alphas
from cws.patches import Patch, parse_patch, patch_toml
from cws.proposers.child import FITS
from cws.proposers.child import PROPOSERS as KNOWN
from cws.proposers.language_model import ROUNDS, SUGGESTIONS, Endpoint
from cws.proposers.proposal import Ask, written
from cws.sandbox.confine import VIEW, Budget, confined
from cws.sandbox.view import hidden_data, write_view
from cws.strategies import Catalogue
from cws.supervisor.findings import Finding
from cws.supervisor.suggested import suggested
from cws.trials import Sink, Task
from modules.errors import CwsError
from modules.registry import load, names

PROPOSERS = tuple(KNOWN)
MODEL = "language_model"
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
        module = load(finding.module)
        if module.manifest.judge == "value" and any(fits(module) for fits in FITS.values()):
            share = min(left, max(MIN_SCORES, budget // 4))
            asked[finding.module] = Ask(
                finding.id, finding.module, finding.suspects, share, seed, sentence=finding.sentence
            )
    return list(asked.values())


def propose(
    bench: Bench, catalogue: Catalogue, asks: Sequence[Ask], proposers: Sequence[str], endpoint: Endpoint | None = None
) -> Proposals:
    """Put the asks to the proposers in a confined process; without an endpoint the language model is off.

    Raises CWS-SANDBOX-001 to -003. Every look that was taken on search folds is counted as a trial. What a language
    model does not answer, or answers wrongly, is among the refusals and stops nobody else.
    """
    if not asks:
        return Proposals((), (), 0)
    asks = [replace(ask, formulas=_published(catalogue, ask.module)) for ask in asks]
    thinks = endpoint if MODEL in proposers else None
    kept = [0 if thinks is None else min(ask.budget // 2, SUGGESTIONS * ROUNDS) for ask in asks]
    talk = _Talk(bench, catalogue)
    own = [replace(ask, budget=ask.budget - less) for ask, less in zip(asks, kept, strict=True)]
    talk.put(own, [name for name in proposers if name != MODEL])
    if thinks is not None:
        _think(talk, thinks, asks, kept)
    return _heard(bench, asks, talk)


def _think(talk: "_Talk", endpoint: Endpoint, asks: Sequence[Ask], budgets: Sequence[int]) -> None:
    """Ask the model in rounds: the second time it is told how its first ideas scored."""
    for turn in range(ROUNDS):
        shares = [budget * (turn + 1) // ROUNDS - budget * turn // ROUNDS for budget in budgets]
        now = [replace(ask, budget=share) for ask, share in zip(asks, shares, strict=True)]
        thought = suggested(endpoint, now, [talk.scores.get(ask.module, []) for ask in asks])
        talk.refused += thought.refused
        if thought.asks:
            talk.put(thought.asks, [MODEL])
        if not thought.answered:
            return


def _published(catalogue: Catalogue, module: str) -> tuple[str, ...]:
    """Formulas that a mutation may take parts of: the view has no folder of strategies."""
    if not FITS["formula_mutation"](load(module)) or not (catalogue.folder / "alpha101").is_dir():
        return ()
    return tuple(alpha.formula for alpha in known_alphas(catalogue.folder).values())


@dataclass
class _Talk:
    """What proposers said so far. Each time something is put to them it is to a new process with a fresh view."""

    bench: Bench
    catalogue: Catalogue
    patches: list[str] = field(default_factory=list[str])
    scores: dict[str, list[tuple[str, float | None]]] = field(default_factory=dict[str, list[tuple[str, float | None]]])
    refused: list[str] = field(default_factory=list[str])
    looks: int = 0

    def put(self, asks: Sequence[Ask], proposers: Sequence[str]) -> None:
        about = {"asks": [written(ask) for ask in asks], "proposers": [*proposers]}
        with tempfile.TemporaryDirectory(prefix="cws-view-") as folder:
            view = Path(folder)
            write_view(view, search_grounds(self.bench), about)
            command = [sys.executable, "-m", "cws.proposers.child", str(VIEW)]
            seconds = 60.0 + SECONDS_PER_SCORE * sum(ask.budget for ask in asks)
            text = confined(view, hidden_data(self.catalogue), command, Budget(wall_s=seconds, cpu_s=int(seconds)))
        self._hear(asks, json.loads(text.strip().split("\n")[-1]))

    def _hear(self, asks: Sequence[Ask], said: Mapping[str, Any]) -> None:
        # Counted at once: what was looked at counts, whatever comes after.
        _count(self.bench.sink, [_task(fields) for fields in said["looks"]])
        self.looks += len(said["looks"])
        self.patches += [str(text) for text in said["patches"]]
        for ask, scored in zip(asks, said["scores"], strict=True):
            self.scores.setdefault(ask.module, []).extend((str(text), score) for text, score in scored)


def search_grounds(bench: Bench) -> list[Ground]:
    """What the days before each ground's cut are, for grounds that can be cut."""
    return [until(ground, folds_of(ground).cut) for ground in bench.grounds() if long_enough(ground)]


def _heard(bench: Bench, asks: Sequence[Ask], talk: _Talk) -> Proposals:
    patches: dict[str, Patch] = {}
    for number, text in enumerate(talk.patches):
        try:
            patch = parse_patch(text, f"proposal {number}")
            patches.setdefault(patch.id, patch)
        except CwsError as refusal:
            talk.refused.append(str(refusal))
    order = [ask.finding for ask in asks]
    found = sorted(patches.values(), key=lambda patch: order.index(patch.finding) if patch.finding in order else -1)
    known = {str(entry.body["patch"]) for entry in bench.house.ledger.entries("patch")}
    bench.house.ledger.append_many([("patch", _body(patch)) for patch in found if patch.id not in known])
    return Proposals(tuple(found), tuple(talk.refused), talk.looks)


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
