"""What a module's settings may become: each one's neighbourhood inside its declared bounds."""

from dataclasses import dataclass
from typing import get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from modules.contract import Module
from modules.settings import bind

# A repair is rarely further away than this; a wider space costs looks.
REACH = 4.0
# Seeds and identities change a result without making it better, and a formula has a proposer of its own.
NEVER = ("seed", "source", "formula", "grid", "strategy_id")


@dataclass(frozen=True)
class Range:
    """Values from `low` to `high`; whole numbers when `whole`, by ratio when `geometric`."""

    low: float
    high: float
    whole: bool
    geometric: bool


Choice = Range | tuple[str, ...]


def space(module: Module) -> dict[str, Choice]:
    """Setting -> where it may be searched; free text is left out."""
    now = bind(module).settings
    found: dict[str, Choice] = {}
    for name, field in module.settings_type.model_fields.items():
        choice = None if name in NEVER else _choice(field, getattr(now, name))
        if choice is not None:
            found[name] = choice
    return found


def _choice(field: FieldInfo, value: object) -> Choice | None:
    if isinstance(value, str):
        words = tuple(word for word in get_args(field.annotation) if isinstance(word, str))
        return words or None
    assert isinstance(value, int | float)
    low, high = limits(field)
    whole = field.annotation is int
    if value > 0:
        near = Range(max(low, value / REACH), min(high, value * REACH), whole, geometric=True)
    else:
        near = Range(low, high, whole, geometric=False)
    return near if near.low < near.high else None


def limits(field: FieldInfo) -> tuple[float, float]:
    """The least and the largest value that a number may have."""
    return _limit(field, (Ge, Gt)), _limit(field, (Le, Lt))


def _limit(field: FieldInfo, kinds: tuple[type, ...]) -> float:
    """The declared bound; just inside it where it is open."""
    for bound in field.metadata:
        if isinstance(bound, kinds):
            (limit,) = (getattr(bound, name) for name in ("ge", "gt", "le", "lt") if hasattr(bound, name))
            inside = 1e-9 * max(1.0, abs(limit))
            return float(limit) + (inside if isinstance(bound, Gt) else -inside if isinstance(bound, Lt) else 0.0)
    raise AssertionError("every setting has bounds: the conformance suite says so")
