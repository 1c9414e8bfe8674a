"""Whether a module under a patch keeps its contract: the rules of the one conformance suite that settings move."""

import copy
from dataclasses import replace

from cws.patches import Patch
from modules.conformance import deterministic, empty_and_one_row, ignores_the_future, runs_on_its_example
from modules.contract import Module
from modules.registry import load

RULES = (runs_on_its_example, deterministic, empty_and_one_row, ignores_the_future)


def under_patch(patch: Patch) -> Module:
    """The module as if the patch stood in its TOML."""
    module = copy.copy(load(patch.module))
    manifest = module.manifest
    module.__dict__["manifest"] = replace(
        manifest,
        settings={**manifest.settings, **patch.settings},
        skills={**manifest.skills, **patch.skills},
    )
    return module


def violations(patch: Patch) -> tuple[str, ...]:
    """Each as `rule: what`: schemas, acceptance checks, determinism, short inputs, altered futures."""
    module = under_patch(patch)
    return tuple(f"{rule.__name__}: {what}" for rule in RULES for what in rule(module))
