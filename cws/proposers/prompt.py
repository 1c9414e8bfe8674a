"""All that a language model is told about a module: words, bounds, scores on search folds. No data, no later fold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modules.contract import Module
from modules.settings import bind
from modules.skills.registry import skills_of_kind

MAX_SENTENCE, MAX_PURPOSE, MAX_SCORES = 500, 3_000, 40


@dataclass(frozen=True)
class Prompt:
    """The fields of the question, as text; nothing else leaves the house."""

    finding: str
    module: str
    purpose: str
    settings: str
    skills: str
    scores: str


def prompt_of(sentence: str, module: Module, scores: Sequence[tuple[str, float | None]]) -> Prompt:
    """`scores` are (what was changed, its score), None for what could not run; the best ones are told first."""
    told = sorted(scores, key=lambda one: -math.inf if one[1] is None else one[1], reverse=True)[:MAX_SCORES]
    lines = [f"{text}: {'cannot run' if score is None else f'{score:.2f}'}" for text, score in told]
    return Prompt(
        finding=printable(sentence, MAX_SENTENCE),
        module=module.name,
        purpose=(module.__doc__ or module.why)[:MAX_PURPOSE],
        settings="\n".join(_settings(module)) or "none",
        skills="\n".join(_skills(module)) or "none",
        scores="\n".join(lines) or "none yet",
    )


def printable(text: str, most: int) -> str:
    """What others wrote, on one line and without control characters."""
    return "".join(mark if mark.isprintable() else " " for mark in text)[:most]


def _settings(module: Module) -> list[str]:
    now = bind(module).settings.model_dump()
    return [
        f"{name} = {now[name]!r} ({_type(field.annotation)}; {_bounds(field.metadata)}): {field.description or ''}"
        for name, field in module.settings_type.model_fields.items()
    ]


def _type(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).removeprefix("typing.")


def _bounds(rules: Sequence[object]) -> str:
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "max_length": "length <=", "pattern": "matches"}
    limits = [(sign, getattr(rule, name, None)) for rule in rules for name, sign in signs.items()]
    return ", ".join(f"{sign} {limit}" for sign, limit in limits if limit is not None) or "no bounds"


def _skills(module: Module) -> list[str]:
    chosen = bind(module).skills
    return [f"{kind} = {chosen[kind].name}; known: {', '.join(skills_of_kind(kind))}" for kind in module.skill_kinds]
