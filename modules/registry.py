"""Find modules: a `.py` with a `.toml` beside it in a stage's folder. Nothing is declared twice."""

import importlib
from functools import cache
from pathlib import Path

from modules.contract import STAGES, Module
from modules.errors import CwsError
from modules.settings import nearest

ROOT = Path(__file__).parent


@cache
def names() -> dict[str, str]:
    """Module name -> stage, from the file names alone (imports nothing)."""
    found: dict[str, str] = {}
    for stage in STAGES:
        for path in sorted((ROOT / stage).glob("*.toml")):
            assert path.stem not in found, f"module {path.stem} stands in two stages"
            found[path.stem] = stage
    return found


def load(name: str, where: str = "") -> Module:
    """Import one module by name.

    Raises CWS-MODULE-001 for an unknown name, naming the nearest.
    """
    stage = names().get(name)
    if stage is None:
        raise CwsError("CWS-MODULE-001", what=f"unknown module {name!r}", where=where, fix=nearest(name, names()))
    found = getattr(importlib.import_module(f"modules.{stage}.{name}"), name)
    assert isinstance(found, Module), f"modules/{stage}/{name}.py declares no module"
    return found


def all_modules() -> list[Module]:
    return [load(name) for name in names()]
