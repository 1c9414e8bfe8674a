"""What a batch is of: a strategy of the catalogue, a strategy's TOML elsewhere, or a sweep's TOML."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cws.flow import TESTED_STAGES
from cws.strategies import NAME, Catalogue, Scalar, Strategy, parse
from modules.errors import CwsError
from modules.settings import nearest

MAX_FILE_BYTES = 1_000_000


class Sweep(BaseModel):
    """Parameter sets of one rule, each an account of its own on each symbol: `settings` are those of `vector_sweep`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME)
    title: str = Field(min_length=3, max_length=120)
    why: str = Field(min_length=10, max_length=2000)
    caveat: str = Field("", max_length=2000)
    owner: str = Field("team:research", max_length=64)
    dataset: str = Field(pattern=NAME)
    settings: Mapping[str, Scalar]


def open_recipe(named: str, catalogue: Catalogue) -> Strategy | Sweep:
    """The recipe by name (a strategy, or a sweep of the folder `sweeps`) or by path.

    Raises CWS-BATCH-006 for neither, -007 for a file that cannot be read, -008 for a sweep that does not parse, and
    what `cws.strategies.parse` raises for a strategy's file.
    """
    if named in catalogue.strategies:
        return catalogue.strategies[named]
    sweeps = {path.stem: path for path in sorted((catalogue.folder / "sweeps").glob("*.toml"))}
    path = sweeps.get(named, Path(named))
    if path.suffix != ".toml":
        raise CwsError(
            "CWS-BATCH-006", what=f"{named!r} is no strategy, no sweep and no TOML", where=str(catalogue.folder),
            fix=nearest(named, [*catalogue.strategies, *sweeps]),
        )  # fmt: skip
    text = _text(path)
    recipe = parse(Strategy, text, path.stem) if _has_chains(text) else _sweep(text, path.stem)
    if recipe.dataset not in catalogue.datasets:
        what, fix = f"unknown dataset {recipe.dataset!r}", nearest(recipe.dataset, catalogue.datasets)
        raise CwsError("CWS-BATCH-009", what=what, where=path.name, fix=fix)
    return recipe


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        what, fix = f"cannot read it: {failure}", "give a readable TOML, or a name: cws backtest --help"
        raise CwsError("CWS-BATCH-007", what=what, where=str(path), fix=fix) from None


def _has_chains(text: str) -> bool:
    """Whether it is a strategy's: only that has stages. What is no TOML is refused later, as a sweep."""
    try:
        return any(stage in tomllib.loads(text) for stage in TESTED_STAGES)
    except tomllib.TOMLDecodeError:
        return False


def _sweep(text: str, name: str) -> Sweep:
    fix = "see strategies/sweeps/us_tech_ma_cross.toml"
    try:
        return Sweep.model_validate({**tomllib.loads(text), "name": name})
    except tomllib.TOMLDecodeError as refusal:
        what = f"not TOML: {refusal}"
    except ValidationError as refusal:
        first = refusal.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        what = f"{first['msg']}: {place!r}"
        if first["type"] == "extra_forbidden":
            fix = nearest(place.split(".")[-1], Sweep.model_fields)
    raise CwsError("CWS-BATCH-008", what=what, where=f"{name}.toml", fix=fix)
