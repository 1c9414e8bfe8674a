"""`cws modules`: what the units of the stages are, one of them in full, and whether they keep their contract."""

import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cws_dagster.screen import AsJson, Screen, print_json

if TYPE_CHECKING:
    from modules.contract import Module


def _stage_names(stage: str | None) -> dict[str, str]:
    """Module -> stage, of one stage or all."""
    from modules.contract import STAGES
    from modules.errors import CwsError
    from modules.registry import names
    from modules.settings import nearest

    if stage is not None and stage not in STAGES:
        raise CwsError("CWS-CLI-002", what=f"unknown stage {stage!r}", where="--stage", fix=nearest(stage, STAGES))
    return {name: its_stage for name, its_stage in names().items() if stage in (None, its_stage)}


def list_modules(
    stage: Annotated[str | None, typer.Option(help="Only this stage's modules.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every module: stage, judge, sentence.

    The judge says what decides a patch to the module: value, correctness or runtime.
    """
    from modules.registry import load

    found = [load(name) for name in _stage_names(stage)]
    rows = [
        (m.stage, m.name, m.manifest.judge, len(m.settings_type.model_fields), len(m.acceptance), m.why) for m in found
    ]
    columns = ("stage", "module", "judge", "settings", "checks", "why")
    if as_json:
        print_json({"modules": [dict(zip(columns, row, strict=True)) for row in rows]})
    else:
        Screen().table(f"{len(rows)} modules", columns, rows)


def _tables(schemas: Any) -> dict[str, dict[str, str]]:
    """Table -> column -> type; raw vendor bytes have no columns."""
    return {
        table: {}
        if isinstance(schema, type)
        else {str(name): str(column.dtype).replace("string[pyarrow]", "str") for name, column in schema.columns.items()}
        for table, schema in schemas.items()
    }


def described(module: "Module") -> dict[str, Any]:
    """All that a module declares."""
    from cws.ablation.by_oracles import sentences
    from cws_dagster.commands.config import bounds_of
    from modules.settings import bind
    from modules.skills.registry import skills_of_kind

    bound = bind(module)
    values = bound.settings.model_dump(mode="json")
    settings = {
        name: {"value": values[name], "bounds": bounds_of(field), "description": field.description}
        for name, field in module.settings_type.model_fields.items()
    }
    skills = {
        kind: {
            "chosen": bound.skills[kind].name,
            "available": {name: skill.why for name, skill in sorted(skills_of_kind(kind).items())},
        }
        for kind in module.skill_kinds
    }
    oracles = sentences(module)
    return {
        "name": module.name, "stage": module.stage, "judge": module.manifest.judge, "oracles": oracles,
        "why": module.why, "text": module.__doc__ or module.why,
        "takes": _tables(module.takes), "gives": _tables(module.gives), "settings": settings, "skills": skills,
        "acceptance": {check.name: check.why for check in module.acceptance}, "settings_hash": bound.settings_hash,
    }  # fmt: skip


def _columns(tables: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        table: ", ".join(f"{name} {kind}" for name, kind in columns.items()) or "bytes"
        for table, columns in tables.items()
    }


def _show(screen: Screen, found: dict[str, Any]) -> None:
    screen.line(f"{found['name']}  ({found['stage']}, judged by {found['judge']})", "bold")
    screen.line(found["text"].strip())
    screen.line()
    screen.facts("Takes", _columns(found["takes"]))
    screen.facts("Gives", _columns(found["gives"]))
    screen.line()
    if found["settings"]:
        rows = [(name, one["value"], one["bounds"], one["description"]) for name, one in found["settings"].items()]
        screen.table("Settings", ("setting", "value", "bounds", "description"), rows)
    for kind, skill in found["skills"].items():
        rows = [(name, "chosen" if name == skill["chosen"] else None, why) for name, why in skill["available"].items()]
        screen.table(f"Skill {kind}", ("skill", "", "why"), rows)
    if found["oracles"]:
        screen.table("Oracles that judge its patches", ("oracle", "counts"), list(found["oracles"].items()))
    screen.table("Acceptance checks", ("check", "why"), list(found["acceptance"].items()))


def show_module(name: Annotated[str, typer.Argument(help="The module's name.")], as_json: AsJson = False) -> None:
    """Print one module in full.

    Judge and oracles, tables with columns, settings with bounds, skills, acceptance checks.
    """
    from modules.registry import load

    found = described(load(name, "cws modules show"))
    if as_json:
        print_json(found)
    else:
        _show(Screen(), found)


def _verified(chosen: Sequence["Module"]) -> dict[str, list[str]]:
    """Module -> what it breaks, none for a sound one; tells on stderr how far it is: a bar, or a line a stage."""
    from rich.console import Console
    from rich.progress import track

    from modules.conformance import violations

    console, found = Console(stderr=True), dict[str, list[str]]()
    left = Counter(module.stage for module in chosen)
    for module in track(chosen, "verifying", console=console, transient=True) if console.is_terminal else chosen:
        with warnings.catch_warnings():
            # The suite breaks frames on purpose; what pandas thinks of the pieces tells nobody anything.
            warnings.simplefilter("ignore")
            found[module.name] = violations(module)
        if found[module.name]:
            sys.stderr.write(f"{module.name}: {len(found[module.name])} violations\n")
        left[module.stage] -= 1
        if not console.is_terminal and not left[module.stage]:
            of_stage = [bool(found[m.name]) for m in chosen if m.stage == module.stage]
            sys.stderr.write(f"{module.stage}: {len(of_stage)} modules, {sum(of_stage)} failed\n")
            sys.stderr.flush()
    return found


def verify_modules(
    name: Annotated[list[str] | None, typer.Argument(help="Only these modules. All when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the conformance suite over the registry.

    Exit 1 when a module breaks a rule.
    """
    from modules.contract import STAGES
    from modules.registry import load, names

    modules = [load(one, "cws modules verify") for one in dict.fromkeys(name or names())]
    chosen = sorted(modules, key=lambda module: STAGES.index(module.stage))
    broken = {one: wrong for one, wrong in _verified(chosen).items() if wrong}
    counts = {"modules": len(chosen), "passed": len(chosen) - len(broken), "failed": len(broken)}
    if as_json:
        print_json({**counts, "violations": broken})
    else:
        screen = Screen()
        for one, wrong in broken.items():
            screen.facts(one, {str(place): what for place, what in enumerate(wrong, 1)})
        screen.line(", ".join(f"{count} {what}" for what, count in counts.items()))
    raise typer.Exit(1 if broken else 0)


COMMANDS = {"list": list_modules, "show": show_module, "verify": verify_modules}
