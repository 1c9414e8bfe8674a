"""Read strategy and dataset TOMLs: chains, settings, skills. Everything wrong is refused before anything runs."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, ValidationError

from modules.canonical import json_hash
from modules.contract import Module
from modules.errors import CwsError
from modules.formula_fields import Sectors, Vwap
from modules.registry import load
from modules.settings import Bound, bind, nearest

NAME = r"^[a-z][a-z0-9_]{0,31}$"
# Strict: in Python a flag is a number, and `true` must not become a cost of one basis point.
Scalar = StrictStr | StrictInt | StrictFloat


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Chain(_Strict):
    chain: tuple[str, ...] = Field(min_length=1, max_length=30)


class Source(_Strict):
    """A file of an installed package (`package` + `path` inside it), or a file by path when `package` is empty."""

    package: str = Field("", max_length=64, pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    path: str = Field(min_length=1, max_length=500)


class Instruments(_Strict):
    currency: str = Field(pattern="^[A-Z]{3}$")
    calendar: Literal["XNYS", "XHKG", "XTKS", "24/7"]
    lot_size: float = Field(gt=0, le=1e9)
    tick_size: float = Field(gt=0, le=1e6)


class Fields(_Strict):
    """What stands for fields that bars do not carry when a formula is looked at: `cws alpha`, docs/alpha.md."""

    vwap: Vwap = "none"
    sectors: Sectors = ""


class Recipe(_Strict):
    """What datasets and strategies share: settings for every module of their chains, and per module."""

    name: str = Field(pattern=NAME)
    title: str = Field(min_length=3, max_length=120)
    why: str = Field(min_length=10, max_length=2000)
    caveat: str = Field("", max_length=2000)
    owner: str = Field("team:research", max_length=64)
    settings: Mapping[str, Scalar | Mapping[str, Scalar]] = Field(default_factory=dict)
    skills: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)

    @property
    def stages(self) -> tuple[str, ...]:
        raise AssertionError("a recipe is a dataset or a strategy")

    def chain(self, stage: str) -> tuple[str, ...]:
        return getattr(self, stage).chain if stage in self.stages else ()

    @property
    def hash(self) -> str:
        return json_hash(self.model_dump(mode="json"))

    def settings_of(self, module: Module) -> dict[str, object]:
        """Top-level scalars that the module has, `strategy_id` when it wants one, then its own table."""
        fields = module.settings_type.model_fields
        shared: dict[str, object] = {
            k: v for k, v in self.settings.items() if not isinstance(v, Mapping) and k in fields
        }
        if "strategy_id" in fields:
            shared["strategy_id"] = self.name
        own = self.settings.get(module.name, {})
        return {**shared, **(own if isinstance(own, Mapping) else {})}

    def bound_chain(self, stage: str) -> list[Bound]:
        """The stage's modules with settings and skills bound.

        Raises CWS-STRATEGY-003 for a module of another stage, and what `modules.settings.bind` raises.
        """
        bounds = []
        for name in self.chain(stage):
            where = f"{self.name}.toml [{stage}]"
            module = load(name, where)
            if module.stage != stage:
                raise CwsError(
                    "CWS-STRATEGY-003",
                    what=f"{name} is a module of {module.stage}",
                    where=where,
                    fix=f"name it under [{module.stage}]",
                )
            bounds.append(bind(module, self.settings_of(module), self.skills.get(name, {}), where))
        return bounds


class Dataset(Recipe):
    source: Source
    max_quarantined_share: float = Field(0.1, ge=0.0, le=1.0)
    instruments: Instruments
    fields: Fields = Fields()
    ingest: Chain
    clean: Chain

    @property
    def stages(self) -> tuple[str, ...]:
        return ("ingest", "clean")


class Strategy(Recipe):
    dataset: str = Field(pattern=NAME)
    feature: Chain
    backtest: Chain
    size: Chain
    execute: Chain

    @property
    def stages(self) -> tuple[str, ...]:
        return ("feature", "backtest", "size", "execute")


AnyRecipe = TypeVar("AnyRecipe", Dataset, Strategy)


def parse(kind: type[AnyRecipe], text: str, name: str) -> AnyRecipe:
    """A recipe from TOML text; `name` is the file's stem.

    Raises CWS-STRATEGY-001 (not TOML), -002 (unknown key or bad value), and what `bound_chain` raises.
    """
    where = f"{name}.toml"
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as refusal:
        raise CwsError(
            "CWS-STRATEGY-001", what=f"not TOML: {refusal}", where=where, fix="see strategies/xs_reversal.toml"
        ) from None
    try:
        recipe = kind.model_validate({**content, "name": name})
    except ValidationError as refusal:
        what, fix = _explain(kind, refusal)
        raise CwsError("CWS-STRATEGY-002", what=what, where=where, fix=fix) from None
    _refuse_unused(recipe)
    return recipe


def _explain(kind: type[BaseModel], refusal: ValidationError) -> tuple[str, str]:
    """(what, fix). A misspelt key is both unknown and missing: the unknown one is named, with the nearest known."""
    errors = sorted(refusal.errors(), key=lambda error: error["type"] != "extra_forbidden")
    first = errors[0]
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return f"unknown key: {'.'.join(place)!r}", nearest(place[-1], _keys_inside(kind, place[:-1]))
    fix = "see strategies/xs_reversal.toml" if first["type"] == "missing" else f"got {first['input']!r}"
    return f"{first['msg']}: {'.'.join(place)!r}", fix


def _keys_inside(kind: type[BaseModel], place: list[str]) -> list[str]:
    """The keys that the table at `place` knows."""
    for part in place:
        inner = kind.model_fields[part].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            kind = inner
    return [key for key in kind.model_fields if key != "name"]


def _refuse_unused(recipe: Dataset | Strategy) -> None:
    """A setting or skill that no module of the chains would read is a typing error, not a comment."""
    modules = {b.module.name: b.module for stage in recipe.stages for b in recipe.bound_chain(stage)}
    fields = {field for module in modules.values() for field in module.settings_type.model_fields}
    tables = {key for key, value in recipe.settings.items() if isinstance(value, Mapping)} | set(recipe.skills)
    for key in sorted(tables - set(modules)):
        raise CwsError(
            "CWS-STRATEGY-004",
            what=f"settings or skills for {key!r}, which is in no chain",
            where=f"{recipe.name}.toml",
            fix=nearest(key, modules),
        )
    for key in sorted({key for key, value in recipe.settings.items() if not isinstance(value, Mapping)} - fields):
        raise CwsError(
            "CWS-STRATEGY-005",
            what=f"no module of the chains has a setting {key!r}",
            where=f"{recipe.name}.toml",
            fix=nearest(key, fields),
        )


def _load(kind: type[AnyRecipe], folder: Path) -> Iterator[AnyRecipe]:
    for path in sorted(folder.glob("*.toml")):
        yield parse(kind, path.read_text(encoding="utf-8"), path.stem)


class Catalogue(BaseModel):
    """All strategies and the datasets that they use, by name."""

    model_config = ConfigDict(frozen=True)

    strategies: Mapping[str, Strategy]
    datasets: Mapping[str, Dataset]
    folder: Path

    def strategy(self, name: str) -> Strategy:
        if name not in self.strategies:
            raise CwsError(
                "CWS-STRATEGY-006",
                what=f"unknown strategy {name!r}",
                where=str(self.folder),
                fix=nearest(name, self.strategies),
            )
        return self.strategies[name]

    def dataset_of(self, strategy: Strategy) -> Dataset:
        return self.datasets[strategy.dataset]


def catalogue(folder: Path) -> Catalogue:
    """Read `folder`/*.toml and `folder`/datasets/*.toml.

    Raises CWS-STRATEGY-007 when a strategy names a dataset that has no TOML.
    """
    datasets = {dataset.name: dataset for dataset in _load(Dataset, folder / "datasets")}
    strategies = {strategy.name: strategy for strategy in _load(Strategy, folder)}
    for strategy in strategies.values():
        if strategy.dataset not in datasets:
            raise CwsError(
                "CWS-STRATEGY-007",
                what=f"unknown dataset {strategy.dataset!r}",
                where=f"{strategy.name}.toml",
                fix=nearest(strategy.dataset, datasets),
            )
    return Catalogue(strategies=strategies, datasets=datasets, folder=folder)
