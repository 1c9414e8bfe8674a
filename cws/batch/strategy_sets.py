"""Which settings a strategy's grid may name, and the strategy that one set of them makes."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_origin

from cws.batch.grid import Axis, Grid, Scalar, need_distinct, need_room, written_axes
from cws.flow import trial_bounds, trial_settings
from cws.strategies import Strategy
from modules.errors import CwsError
from modules.settings import nearest
from modules.value_words import values_of

SKILL = ".skill."


def known_settings(strategy: Strategy) -> dict[str, object]:
    """Name -> kind of value: `module.setting`, `module.skill.kind`, and a `setting` that modules share."""
    known: dict[str, object] = {}
    for bound in trial_bounds(strategy):
        name = bound.module.name
        for setting, field in bound.module.settings_type.model_fields.items():
            if setting != "strategy_id":
                known[setting] = known[f"{name}.{setting}"] = field.annotation
        known |= {f"{name}{SKILL}{kind}": str for kind in bound.module.skill_kinds}
    return known


def _values(kind: object, words: str, text: str) -> tuple[Scalar, ...]:
    if kind is str or get_origin(kind) is Literal:
        return tuple(words.split())
    numbers = values_of(words, text)
    # What is no whole number stays one that is not, and the module's own bounds refuse it.
    return tuple(int(number) if kind is int and number.is_integer() else number for number in numbers)


def with_values(strategy: Strategy, values: Mapping[str, Scalar]) -> Strategy:
    """The strategy as its TOML would be with these values."""
    settings: dict[str, object] = dict(strategy.settings)
    skills: dict[str, dict[str, str]] = {name: dict(chosen) for name, chosen in strategy.skills.items()}
    for name, value in values.items():
        module, _, setting = name.partition(".")
        if SKILL in name:
            skills.setdefault(module, {})[name.partition(SKILL)[2]] = str(value)
            continue
        own = settings.get(module, {})
        if isinstance(own, Mapping) != bool(setting) and module in settings:
            raise CwsError(
                "CWS-BATCH-005", what=f"{module!r} names a module and a shared setting, and a TOML holds one of them",
                where=f"--grid {name}", fix="vary the one that the strategy's TOML has",
            )  # fmt: skip
        settings[module] = {**(own if isinstance(own, Mapping) else {}), setting: value} if setting else value
    return strategy.model_copy(update={"settings": settings, "skills": skills})


def _refuse_shadowed(names: Sequence[str], where: str) -> None:
    """A module takes its own setting before a shared one of that name: sets that differ in the shared one are equal."""
    for name in names:
        module, _, setting = name.partition(".")
        if SKILL not in name and setting in names:
            raise CwsError(
                "CWS-BATCH-014", what=f"{name!r} and {setting!r} both set the {setting} of {module}", where=where,
                fix=f"vary one of them, or name each module that has it: module.{setting}",
            )  # fmt: skip


def strategy_grid(strategy: Strategy, text: str, max_sets: int) -> Grid:
    """The grid that `text` says. Every value is bound once, so that bounds are refused before anything runs.

    Raises CWS-BATCH-001 to -005 and -014, CWS-BACKTEST-021 for words that are no numbers, and what binding a chain
    raises.
    """
    known, where = known_settings(strategy), f"--grid {text[:200]!r}"
    axes: list[Axis] = []
    for name, words in written_axes(text):
        if name not in known:
            what = f"no module of {strategy.name} has a setting {name!r}"
            raise CwsError("CWS-BATCH-004", what=what, where=where, fix=nearest(name, known))
        axes.append(Axis(name, _values(known[name], words, text), words))
    _refuse_shadowed([axis.name for axis in axes], where)
    grid = Grid(tuple(axes))
    need_room(grid.size, max_sets, where)
    for axis in axes:
        digests = [trial_settings(trial_bounds(with_values(strategy, {axis.name: value}))) for value in axis.values]
        need_distinct(axis, digests, where)
    return grid
