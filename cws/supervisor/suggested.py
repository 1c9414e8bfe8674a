"""A language model's ideas about some asks: it is asked outside the walls, in words, and checked like anybody."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cws.patches import Patch, parse_patch
from cws.proposers.language_model import SUGGESTIONS, Endpoint, texts
from cws.proposers.prompt import printable, prompt_of
from cws.proposers.proposal import Ask
from modules.errors import CwsError
from modules.registry import load

MAX_WHY, MAX_REFUSAL = 300, 400
Scores = Sequence[tuple[str, float | None]]


@dataclass
class Thought:
    """The asks that got suggestions, refusals in words, and whether the endpoint answered to the end."""

    asks: list[Ask] = field(default_factory=list[Ask])
    refused: list[str] = field(default_factory=list[str])
    answered: bool = True


def suggested(endpoint: Endpoint, asks: Sequence[Ask], scores: Sequence[Scores]) -> Thought:
    """One question an ask; `scores` are (patch as TOML, score) of what was tried for it so far.

    Whoever gives no answer once is not asked again: each silence costs the whole timeout.
    """
    thought = Thought()
    for ask, known in zip(asks, scores, strict=True):
        if ask.budget < 1:
            continue
        try:
            said = texts(endpoint, prompt_of(ask.sentence, load(ask.module), told(known)), min(SUGGESTIONS, ask.budget))
        except CwsError as refusal:
            return replace(thought, refused=[*thought.refused, str(refusal)[:MAX_REFUSAL]], answered=False)
        patches = _checked(ask, said, thought.refused)
        tried = {parse_patch(text, "score").id for text, _ in known}
        new = tuple(patch for patch in patches if patch.id not in tried)
        thought.asks += [replace(ask, suggestions=new)] if new else []
    return thought


def told(known: Scores) -> list[tuple[str, float | None]]:
    """What was changed and its score, in the words of the prompt."""
    patches = [(parse_patch(text, "score"), score) for text, score in known]
    return [(json.dumps({**patch.settings, **patch.skills}), score) for patch, score in patches]


def _checked(ask: Ask, said: Sequence[str], refused: list[str]) -> list[Patch]:
    found: list[Patch] = []
    for number, text in enumerate(said, 1):
        try:
            found.append(checked(ask, text, f"suggestion {number} for {ask.module}"))
        except CwsError as refusal:
            refused.append(printable(str(refusal), MAX_REFUSAL))
    return found


def checked(ask: Ask, text: str, where: str) -> Patch:
    """The text as a patch of the ask's module, under the ask's finding whatever the text says.

    Raises what `cws.patches.parse_patch` raises, and CWS-LLM-005 for a patch of another module.
    """
    patch = parse_patch(text, where)
    if patch.module != ask.module:
        raise CwsError(
            "CWS-LLM-005",
            what=f"a patch of {patch.module}, asked was about {ask.module}",
            where=where,
            fix="a suggestion changes the module that it was asked about",
        )
    return replace(patch, finding=ask.finding, proposer="language_model", why=printable(patch.why, MAX_WHY))
