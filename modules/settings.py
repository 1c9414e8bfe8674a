"""A module's TOML plus a strategy's overrides as bound settings, or a refusal that names the nearest word."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from modules.canonical import json_hash
from modules.contract import Module, ModuleSettings
from modules.errors import CwsError
from modules.skills.registry import Skill, skills_of_kind


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the list of what is known."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"


@dataclass(frozen=True)
class Bound:
    """A module with everything chosen: what a step of a chain is."""

    module: Module
    settings: ModuleSettings
    skills: Mapping[str, Skill]

    @property
    def settings_hash(self) -> str:
        return json_hash({"settings": self.settings.model_dump(mode="json"), "skills": self.chosen_skills})

    @property
    def chosen_skills(self) -> dict[str, str]:
        return {kind: f"{skill.name}@{skill.version}" for kind, skill in self.skills.items()}

    def functions(self) -> dict[str, Callable[..., object]]:
        return {kind: skill.function for kind, skill in self.skills.items()}


def _settings(module: Module, overrides: Mapping[str, object], where: str) -> ModuleSettings:
    known = set(module.settings_type.model_fields)
    for key in overrides:
        if key not in known:
            raise CwsError(
                "CWS-SETTINGS-001",
                what=f"unknown setting {key!r} of {module.name}",
                where=where,
                fix=nearest(key, known),
            )
    try:
        return module.settings_type.model_validate({**module.manifest.settings, **overrides})
    except ValidationError as refusal:
        first = refusal.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise CwsError(
            "CWS-SETTINGS-002",
            what=f"setting {name!r} of {module.name}: {first['msg']} (got {first['input']!r})",
            where=where,
            fix="choose a value inside the bounds: cws modules show " + module.name,
        ) from None


def _skills(module: Module, overrides: Mapping[str, str], where: str) -> dict[str, Skill]:
    for kind in overrides:
        if kind not in module.skill_kinds:
            raise CwsError(
                "CWS-SKILL-001",
                what=f"{module.name} uses no skill of kind {kind!r}",
                where=where,
                fix=nearest(kind, module.skill_kinds),
            )
    chosen = {**module.manifest.skills, **overrides}
    found: dict[str, Skill] = {}
    for kind in module.skill_kinds:
        known = skills_of_kind(kind)
        if chosen.get(kind) not in known:
            name = chosen.get(kind, "")
            raise CwsError(
                "CWS-SKILL-002",
                what=f"unknown {kind} skill {name!r} for {module.name}",
                where=where,
                fix=nearest(name, known),
            )
        found[kind] = known[chosen[kind]]
    return found


def bind(
    module: Module,
    settings: Mapping[str, object] | None = None,
    skills: Mapping[str, str] | None = None,
    where: str = "",
) -> Bound:
    """Overrides on top of the module's TOML; unknown words and values out of bounds are refused before any run."""
    return Bound(module, _settings(module, settings or {}, where), _skills(module, skills or {}, where))
