"""From findings to patches: what may be proposed about is put to proposers behind walls, and what they say is checked.

A proposer sees the search folds and the finding. What comes back is text: it passes `parse_patch` like anybody's.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cws.ablation.ablate import Bench
from cws.house import House
from cws.known_alphas import known_alphas
from cws.patches import Patch, patch_toml
from cws.proposers.child import FITS
from cws.proposers.child import PROPOSERS as KNOWN
from cws.proposers.language_model import ROUNDS, SUGGESTIONS, Endpoint
from cws.proposers.proposal import Ask
from cws.strategies import Catalogue
from cws.supervisor.findings import Finding
from cws.supervisor.heard import patch_of
from cws.supervisor.suggested import suggested
from cws.supervisor.talk import Talk
from modules.errors import CwsError
from modules.registry import load, names

PROPOSERS = tuple(KNOWN)
MODEL = "language_model"
# A figure by itself; those in names (reversal_5d) stay.
FIGURE = re.compile(r"(?<![\w.])[-+]?\d[\d_,.]*(?:e[-+]?\d+)?(?!\w)")
# Fewer looks than this find nothing in a space of several settings.
MIN_SCORES = 8


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
                finding.id, finding.module, finding.suspects, share, seed, sentence=without_figures(finding.sentence)
            )
    return list(asked.values())


def without_figures(sentence: str) -> str:
    """What was found, and not how much: miners read whole runs, so a figure of theirs tells of confirm days."""
    return FIGURE.sub("#", sentence)


def propose(
    bench: Bench, catalogue: Catalogue, asks: Sequence[Ask], proposers: Sequence[str], endpoint: Endpoint | None = None
) -> Proposals:
    """Put the asks to the proposers in a confined process; without an endpoint the language model is off.

    Raises CWS-SANDBOX-001 to -004. Every look that was taken on search folds is counted as a trial. What a language
    model does not answer, or answers wrongly, is among the refusals and stops nobody else.
    """
    if not asks:
        return Proposals((), (), 0)
    asks = [replace(ask, formulas=_published(catalogue, ask.module)) for ask in asks]
    thinks = endpoint if MODEL in proposers else None
    kept = [0 if thinks is None else min(ask.budget // 2, SUGGESTIONS * ROUNDS) for ask in asks]
    talk = Talk(bench, catalogue)
    own = [replace(ask, budget=ask.budget - less) for ask, less in zip(asks, kept, strict=True)]
    talk.put(own, [name for name in proposers if name != MODEL])
    if thinks is not None:
        _think(talk, thinks, asks, kept)
    return _heard(bench, asks, talk)


def _think(talk: Talk, endpoint: Endpoint, asks: Sequence[Ask], budgets: Sequence[int]) -> None:
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


def _heard(bench: Bench, asks: Sequence[Ask], talk: Talk) -> Proposals:
    patches: dict[str, Patch] = {}
    for number, text in enumerate(talk.patches):
        try:
            patch = patch_of(text, f"proposal {number}", asks)
            patches.setdefault(patch.id, patch)
        except CwsError as refusal:
            talk.refused.append(str(refusal))
    # Whoever scored so many cannot think more of them worth an ablation.
    found = [patch for ask in asks for patch in _about(ask, patches.values())[: ask.budget]]
    keep_patches(bench.house, found)
    return Proposals(tuple(found), tuple(talk.refused), talk.looks)


def _about(ask: Ask, patches: Iterable[Patch]) -> list[Patch]:
    return [patch for patch in patches if patch.module == ask.module]


def keep_patches(house: House, patches: Sequence[Patch]) -> None:
    """A ledger entry for each that was never proposed before."""
    known = {str(entry.body["patch"]) for entry in house.ledger.entries("patch")}
    house.ledger.append_many([("patch", _body(patch)) for patch in patches if patch.id not in known])


def _body(patch: Patch) -> dict[str, object]:
    about = {"patch": patch.id, "module": patch.module, "finding": patch.finding, "proposer": patch.proposer}
    return {**about, "toml": patch_toml(patch)}
