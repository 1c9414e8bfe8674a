"""The bounds that a setting declares, and the values that stand on them."""

import math
from typing import get_args, get_origin

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic.fields import FieldInfo

# Open bounds, and where the values inside them lie.
INSIDE = (("gt", math.inf), ("lt", -math.inf))


def is_bounded(field: FieldInfo) -> bool:
    """Whether a number lies between two bounds, a text has a longest length, or the words are listed."""
    kinds = [get_origin(field.annotation), field.annotation]
    if bool in kinds or (get_origin(field.annotation) is not None and not get_args(field.annotation)):
        return False
    if get_args(field.annotation) and all(isinstance(arg, str) for arg in get_args(field.annotation)):
        return True
    low = any(isinstance(m, Ge | Gt) for m in field.metadata)
    high = any(isinstance(m, Le | Lt) for m in field.metadata)
    return (low and high) or any(isinstance(m, MaxLen) for m in field.metadata)


def bound_values(field: FieldInfo) -> list[object]:
    """Every listed word, or the values on the closed bounds and next to the open ones."""
    if get_args(field.annotation) and all(isinstance(arg, str) for arg in get_args(field.annotation)):
        return list(get_args(field.annotation))
    limits = [getattr(m, name) for m in field.metadata for name in ("ge", "le") if hasattr(m, name)]
    return limits + [
        _next_to(getattr(m, name), toward, field) for m in field.metadata for name, toward in INSIDE if hasattr(m, name)
    ]


def _next_to(limit: float, toward: float, field: FieldInfo) -> float:
    """The last value inside an open bound."""
    return limit + int(math.copysign(1, toward)) if field.annotation is int else float(np.nextafter(limit, toward))
