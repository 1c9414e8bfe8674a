"""What comes from behind the walls, read: one line of JSON in the one form it may have, or a code."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cws.patches import Patch, parse_patch
from cws.proposers.proposal import Ask
from modules.errors import CwsError

Text: TypeAlias = Annotated[str, Field(max_length=50_000)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Nearby(_Form):
    """What was tried nearby a module: how many changes, and the best of them with its p and gain."""

    count: int = Field(ge=0)
    best: Text | None
    p: float = Field(ge=0.0, le=1.0)
    gain: float


class Looked(_Form):
    """A look at search folds, as the trial that it is."""

    strategy: str
    settings: str
    data: dict[str, str]
    folds: str
    code: str


class Said(_Form):
    """All that one process behind walls may say: one entry an ask in `scores`, `tried` and `listed`."""

    patches: list[Text]
    scores: list[list[tuple[Text, float | None]]]
    tried: list[Nearby]
    listed: list[list[Text]]
    looks: list[Looked]


def read_said(printed: str, asks: int, to_try: int, to_list: int) -> Said:
    """The last line of what was printed. Raises CWS-SANDBOX-004 for anything but one answer to each ask."""
    try:
        said = Said.model_validate_json(printed.strip().split("\n")[-1])
    except ValidationError as refusal:
        first = refusal.errors(include_input=False)[0]
        raise _no_answer(f"{first['msg']} at {'.'.join(str(part) for part in first['loc'])}") from None
    if [len(said.scores), len(said.tried), len(said.listed)] != [asks, to_try, to_list]:
        raise _no_answer("not one entry each")
    return said


def _no_answer(why: str) -> CwsError:
    return CwsError(
        "CWS-SANDBOX-004",
        what=f"no answer to what was asked: {why[:200]}",
        where="what was printed behind the walls",
        fix="a proposer prints nothing; it gives patches back",
    )


def patch_of(text: str, where: str, asks: Sequence[Ask]) -> Patch:
    """A patch of a module that was asked about, under the finding that it was asked for, whatever the text says.

    Raises what `parse_patch` raises, and CWS-PROPOSE-001 for a patch of another module.
    """
    patch = parse_patch(text, where)
    for ask in asks:
        if ask.module == patch.module:
            return replace(patch, finding=ask.finding)
    raise CwsError(
        "CWS-PROPOSE-001",
        what=f"a patch of {patch.module}, asked was about {', '.join(ask.module for ask in asks)}",
        where=where,
        fix="a proposer changes the module that it was asked about",
    )
