"""Skills: named, versioned, pure functions that modules compose. One file a kind in this folder."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import modules.skills


@dataclass(frozen=True)
class Skill:
    name: str
    kind: str
    version: int
    function: Callable[..., Any]

    @property
    def why(self) -> str:
        return (self.function.__doc__ or "").strip().split("\n")[0]


_SKILLS: dict[str, dict[str, Skill]] = {}


def skill(kind: str, *, version: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a pure function under its own name as a skill of `kind`."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        of_kind = _SKILLS.setdefault(kind, {})
        assert function.__name__ not in of_kind, f"skill {function.__name__} is declared twice"
        of_kind[function.__name__] = Skill(function.__name__, kind, version, function)
        return function

    return register


@cache
def _load() -> bool:
    for found in pkgutil.iter_modules(modules.skills.__path__):
        if found.name != "registry":
            importlib.import_module(f"modules.skills.{found.name}")
    return True


def skills_of_kind(kind: str) -> dict[str, Skill]:
    """All skills of a kind by name (empty when there is no such kind)."""
    _load()
    return _SKILLS.get(kind, {})


def kinds() -> list[str]:
    _load()
    return sorted(_SKILLS)
