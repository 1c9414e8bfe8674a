"""A patch: a typed diff of one module's TOML, its settings and its choice of skills, and nothing else.

Whoever proposes one, it comes as TOML text and passes here before anything runs. A recipe under a patch is the recipe
as it would run were the patch shipped: what the recipe sets itself stays.
"""

import json
import re
import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cws.strategies import Dataset, Scalar, Strategy
from kernels.alpha.language import FIELDS
from modules.canonical import json_hash
from modules.contract import Module
from modules.errors import CwsError
from modules.formula import ready
from modules.registry import load, names
from modules.settings import bind, nearest

MAX_BYTES = 20_000
# A text setting is a word, a list of words or a formula: nothing that a shell or an interpreter would take for code.
WORDS = re.compile(r"[A-Za-z0-9 _.,:/+-]{0,256}")
FORMULAS = ("formula",)
AnyRecipe = TypeVar("AnyRecipe", Dataset, Strategy)


class _Written(BaseModel):
    """The keys of a patch's TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    module: str = Field(min_length=1, max_length=64)
    why: str = Field("", max_length=2_000)
    finding: str = Field("", max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")
    proposer: str = Field("", max_length=64, pattern=r"^[a-z0-9_]*$")
    settings: Mapping[str, Scalar] = Field(default_factory=dict, max_length=20)
    skills: Mapping[str, str] = Field(default_factory=dict, max_length=5)


@dataclass(frozen=True)
class Patch:
    """New values for some of a module's settings and skills. Equal changes have equal ids, whoever proposed them."""

    module: str
    settings: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    skills: Mapping[str, str] = field(default_factory=dict[str, str])
    finding: str = ""
    proposer: str = ""
    why: str = ""

    @property
    def id(self) -> str:
        fields = {"module": self.module, "settings": self._as_declared(), "skills": dict(self.skills)}
        return json_hash(fields).removeprefix("b3:")[:12]

    def _as_declared(self) -> dict[str, Scalar]:
        """The settings, an integer as a float where the module declares one: 5 and 5.0 are one change there."""
        known = load(self.module).settings_type.model_fields if self.module in names() else {}
        floats = {key for key, setting in known.items() if setting.annotation is float}
        return {k: float(v) if k in floats and isinstance(v, int) else v for k, v in self.settings.items()}


def parse_patch(text: str, where: str) -> Patch:
    """A checked patch from TOML text. Raises what `read_patch` and `check` raise."""
    patch = read_patch(text, where)
    check(patch, where)
    # It is kept as text, which may be longer than what was written here.
    read_patch(patch_toml(patch), where)
    return patch


def read_patch(text: str, where: str) -> Patch:
    """A patch as it was written, unchecked: one that was checked once and shipped changes nothing any more.

    Raises CWS-PATCH-001 (not TOML, too long, or an integer beyond 64 bits), -002 (unknown key or bad value).
    """
    try:
        # A language model's JSON may hold halves of characters, which no file could.
        if len(text.encode()) > MAX_BYTES:
            raise _malformed(f"longer than {MAX_BYTES} bytes", where)
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as refusal:
        raise _malformed(f"not TOML: {refusal}", where) from None
    try:
        written = _Written.model_validate(content)
    except ValidationError as refusal:
        first = refusal.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        fix = nearest(key, _Written.model_fields) if first["type"] == "extra_forbidden" else _got(first["input"])
        raise CwsError("CWS-PATCH-002", what=f"{first['msg']}: {key!r}", where=where, fix=fix[:300]) from None
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in written.settings.values()):
        raise _malformed("not TOML: an integer beyond 64 bits", where)
    return Patch(written.module, written.settings, written.skills, written.finding, written.proposer, written.why)


def _got(value: object) -> str:
    try:
        return f"got {reprlib.repr(value)}"
    except ValueError:
        # In hexadecimal an integer may be longer than Python writes out.
        return "got an integer beyond 64 bits"


def _malformed(what: str, where: str) -> CwsError:
    return CwsError("CWS-PATCH-001", what=what, where=where, fix='write: module = "..." then [settings] and [skills]')


def check(patch: Patch, where: str) -> None:
    """Refuse what no run could decide.

    Raises CWS-PATCH-003 (no module: gate, limits and tests take no patch), -004 (a limit), -005 (text that is neither
    words nor a formula), -006 (changes nothing), and what `bind` and the formula's parser raise.
    """
    if patch.module not in names():
        raise CwsError(
            "CWS-PATCH-003",
            what=f"{patch.module!r} is no module; the gate, its limits and the tests take no patch",
            where=where,
            fix=nearest(patch.module, names()),
        )
    module = load(patch.module, where)
    if module.manifest.judge == "limit":
        raise CwsError(
            "CWS-PATCH-004",
            what=f"{patch.module} is a limit, and limits take no patch",
            where=where,
            fix="a person changes a limit, in the module's TOML, with a reason",
        )
    for key, value in patch.settings.items():
        if isinstance(value, str):
            _refuse_code(key, value, where)
    now, then = bind(module, where=where), bind(module, patch.settings, patch.skills, where)
    if now.settings_hash == then.settings_hash:
        raise CwsError(
            "CWS-PATCH-006", what=f"{patch.module} has these values already", where=where, fix="change something"
        )


def _refuse_code(key: str, value: str, where: str) -> None:
    if key in FORMULAS:
        ready(value, FIELDS, {})
    elif not WORDS.fullmatch(value) or "__" in value:
        raise CwsError(
            "CWS-PATCH-005",
            what=f"the text of {key!r} is no word: {value[:40]!r}",
            where=where,
            fix="letters, digits, spaces and _ . , : / + - only",
        )


def patch_toml(patch: Patch) -> str:
    """The patch as the text that `parse_patch` reads."""
    head = [f"{key} = {literal(getattr(patch, key))}" for key in ("module", "why", "finding", "proposer")]
    tables = [(name, getattr(patch, name)) for name in ("settings", "skills") if getattr(patch, name)]
    body = [line for name, table in tables for line in ("", f"[{name}]", *_lines(table))]
    return "\n".join([*head, *body, ""])


def _lines(table: Mapping[str, Scalar]) -> list[str]:
    return [f"{key} = {literal(value)}" for key, value in table.items()]


def literal(value: Scalar) -> str:
    """A TOML scalar. JSON's strings are TOML's basic strings but for DEL, which TOML takes for a control character."""
    if not isinstance(value, str):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def touches(recipe: Dataset | Strategy, module: Module) -> bool:
    return module.name in recipe.chain(module.stage)


def under(recipe: AnyRecipe, patch: Patch) -> AnyRecipe:
    """The recipe as it would run with the patch in the module's TOML; the recipe's own values stay in force."""
    module = load(patch.module)
    if not touches(recipe, module):
        return recipe
    own = recipe.settings_of(module)
    settings = {key: value for key, value in patch.settings.items() if key not in own}
    skills = {kind: name for kind, name in patch.skills.items() if kind not in recipe.skills.get(module.name, {})}
    changed: dict[str, object] = {}
    if settings:
        table = recipe.settings.get(module.name, {})
        assert isinstance(table, Mapping), "a setting shared under the module's own name is the recipe's"
        changed["settings"] = {**recipe.settings, module.name: {**settings, **table}}
    if skills:
        changed["skills"] = {**recipe.skills, module.name: {**skills, **recipe.skills.get(module.name, {})}}
    return recipe.model_copy(update=changed)
