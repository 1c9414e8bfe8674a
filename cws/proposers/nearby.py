"""What a module's settings are most often mistaken for: one change at a time, each to a value that people write.

A slip of unit or scale, a round number nearby, one more or less, another calendar, another word. Nothing here knows
what a setting was before: the candidates follow from its value, its name and its bounds alone.
"""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import get_args

from pydantic.fields import FieldInfo

from cws.patches import Patch, check
from cws.proposers.space import NEVER, limits
from modules.contract import Module
from modules.errors import CwsError
from modules.settings import bind
from modules.skills.registry import skills_of_kind

SLIPS = (0.5, 2.0, 0.1, 10.0, 0.2, 5.0, 0.25, 4.0, 0.01, 100.0, 1e-3, 1e3, 1e-4, 1e4)
ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
# Bars of a week, a month, a quarter, a year; seconds of a bar; of markets that close and of those that do not.
CALENDAR = (5, 10, 12, 20, 21, 60, 63, 126, 200, 252, 365, 900, 3_600, 8_760, 35_040, 86_400)
SHARES = (0.5, 0.8, 0.9, 0.94, 0.95, 0.97, 0.98, 0.99, 0.999)
NEAREST = 20
FIELDS = ("close", "open", "high", "low", "volume")
WORDS = {
    "zone": ("America/New_York", "UTC", "Europe/London", "Asia/Tokyo", "Asia/Hong_Kong", "America/Chicago"),
    "daily_close_local": ("16:00", "00:00", "09:30", "13:00", "15:00", "15:30", "16:30", "17:00", "20:00", "23:59"),
    "mic": ("XNYS", "XHKG", "XTKS", "24/7", "XXXX"),
    "delimiter": (",", ";", "|"),
}


def nearby(module: Module, apart: float = 1.0) -> Iterator[Patch]:
    """Patches of one setting or one skill each, those that change least first; all inside the bounds.

    Two numbers for a setting are at least a ratio of `apart` from each other and from what stands there.
    """
    bound = bind(module)
    now = bound.settings.model_dump()
    for kind, chosen in bound.skills.items():
        for name in skills_of_kind(kind):
            if name != chosen.name:
                yield Patch(module.name, {}, {kind: name})
    fields = module.settings_type.model_fields.items()
    listed = [[(name, value) for value in _spread(name, field, now, apart)] for name, field in fields]
    # Settings take turns, so that the likeliest change of each comes before the unlikely ones of any.
    for turn in zip_longest(*listed):
        for patch in (Patch(module.name, {one[0]: one[1]}) for one in turn if one is not None):
            if _runs(patch):
                yield patch


def _spread(name: str, field: FieldInfo, now: dict[str, object], apart: float) -> list[float | int | str]:
    kept: list[float | int | str] = []
    for value in _values(name, field, now):
        if _far_enough(value, [now[name], *kept], apart):
            kept.append(value)
    return kept


def _far_enough(value: object, kept: Sequence[object], apart: float) -> bool:
    ratios = [
        max(value / other, other / value)
        for other in kept
        if isinstance(value, int | float) and isinstance(other, int | float) and value > 0 and other > 0
    ]
    return all(ratio >= apart for ratio in ratios)


def _runs(patch: Patch) -> bool:
    try:
        check(patch, "nearby")
    except CwsError:
        return False
    return True


def _values(name: str, field: FieldInfo, now: dict[str, object]) -> list[float | int | str]:
    value = now[name]
    if isinstance(value, str):
        return _words(name, field, value, now)
    assert isinstance(value, int | float)
    return [] if name in NEVER else _numbers(value, *limits(field), field.annotation is int)


def _words(name: str, field: FieldInfo, value: str, now: dict[str, object]) -> list[float | int | str]:
    if name == "formula":
        return [*_formulas(value)]
    listed = [word for word in get_args(field.annotation) if isinstance(word, str)]
    known = listed or list(WORDS.get(name, ()))
    if name.startswith("column_"):
        # Files call a column what we call it, and a mistaken column is another column of the same file.
        own = " ".join(part.capitalize() for part in name.removeprefix("column_").split("_"))
        known = [own, *(str(word) for key, word in now.items() if key.startswith("column_"))]
    return [word for word in dict.fromkeys(known) if word != value]


def _formulas(value: str) -> Iterator[str]:
    """The formula turned around, of another field, and with one of its whole numbers at another value."""
    yield value.removeprefix("-1 * (").removesuffix(")") if value.startswith("-1 * (") else f"-1 * ({value})"
    for field in FIELDS:
        for other in FIELDS:
            if other != field and re.search(rf"\b{field}\b", value):
                yield re.sub(rf"\b{field}\b", other, value)
    for number in dict.fromkeys(re.findall(r"(?<![\w.])\d+(?![\w.])", value)):
        for other in (2, 3, 5, 10, 20, 60):
            if other != int(number):
                yield re.sub(rf"(?<![\w.]){number}(?![\w.])", str(other), value)


def _numbers(value: float, low: float, high: float, whole: bool) -> list[float | int | str]:
    """The NEAREST by their ratio, slips of scale, zero and the bounds; the first few of each come first."""
    if value > 0.0:
        steps = [value - 1, value + 1] if whole else []
        near = [*steps, *_round(value), *CALENDAR, *(share for share in SHARES if not whole and 0.3 <= value < 1.0)]
        # What is out of bounds would take the place of what is further away on the other side.
        near = [one for one in near if one > 0.0 and low <= one <= high and one != value]
        near.sort(key=lambda one: abs(math.log(one / value)))
        slips = [value * slip for slip in SLIPS]
        wanted = [*steps, *slips[:4], 0.0, *near[:NEAREST], *slips, low, high, *CALENDAR]
    else:
        wanted = [*(digit * 10.0**power for power in range(-4, 7) for digit in (1.0, 2.0, 5.0)), 0.0, low, high]
    inside = [one for one in wanted if low <= one <= high]
    said: list[float | int | str] = [round(one) if whole else float(f"{one:.6g}") for one in inside]
    return [one for one in dict.fromkeys(said) if one != value and low <= float(one) <= high]


def _round(value: float) -> list[float]:
    power = math.floor(math.log10(value))
    return [digit * 10.0**place for place in range(power - 2, power + 3) for digit in ROUND]
