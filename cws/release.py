"""The house as another release of it: values that would stand in modules' TOMLs, in force for as long as a block lasts.

Certification puts a fault into the house this way, and its repair on top: whatever runs inside finds the values where
it always finds them, and no file is written. In force in this process, and in those that are handed `in_force`.
"""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import replace

from cws.patches import Patch
from modules.registry import load

_STANDING: list[Patch] = []


def in_force() -> tuple[Patch, ...]:
    """What a process of its own must be given to be in the same house; empty outside of every block."""
    return tuple(_STANDING)


@contextlib.contextmanager
def released(patches: Sequence[Patch]) -> Generator[None, None, None]:
    """Later patches stand on top of earlier ones. Raises what `modules.registry.load` raises."""
    before = {patch.module: load(patch.module).manifest for patch in patches}
    stood = len(_STANDING)
    _STANDING.extend(patches)
    try:
        for patch in patches:
            module = load(patch.module)
            settings = {**module.manifest.settings, **patch.settings}
            skills = {**module.manifest.skills, **patch.skills}
            # `manifest` is read from its file once and kept; this is where it is kept.
            module.__dict__["manifest"] = replace(module.manifest, settings=settings, skills=skills)
        yield
    finally:
        del _STANDING[stood:]
        for name, manifest in before.items():
            load(name).__dict__["manifest"] = manifest
