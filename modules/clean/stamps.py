"""Text stamps to numbers: strict ISO 8601, whole files at a time, with local clocks by declared rules."""

import re
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modules.errors import CwsError

I64, Mask = NDArray[np.int64], NDArray[np.bool_]
BAD, DATE, NAIVE, OFFSET = range(4)
# Which stamps a declared kind forbids for the whole file.
_FOREIGN = {"date": (OFFSET,), "local": (OFFSET,), "offset": (DATE, NAIVE)}
_SECOND_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1)
_LAST_YEAR = 2261  # int64 nanoseconds end in 2262
_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_ZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+){0,2}")


@dataclass(frozen=True)
class Stamps:
    """One entry a stamp: kind (BAD, DATE, NAIVE, OFFSET), wall-clock ns, ns to subtract for UTC, ISO date."""

    kind: I64
    wall_ns: I64
    offset_ns: I64
    date: pd.Series


def _offset_seconds(text: str) -> int:
    if text == "Z":
        return 0
    digits = text[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return -seconds if text[0] == "-" else seconds


def _parse(text: str) -> tuple[int, int, int, str]:
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return BAD, 0, 0, ""
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        wall = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return BAD, 0, 0, ""
    if not _EPOCH.year <= year <= _LAST_YEAR:
        return BAD, 0, 0, ""
    whole = wall - _EPOCH
    wall_ns = (whole.days * 86_400 + whole.seconds) * _SECOND_NS + int((match[7] or "0").ljust(9, "0"))
    kind = OFFSET if match[8] else NAIVE if match[4] else DATE
    return kind, wall_ns, _offset_seconds(match[8] or "Z") * _SECOND_NS, text.strip()[:10]


def parse_stamps(texts: pd.Index) -> Stamps:
    """Stamps of 1970-2261 as `YYYY-MM-DD[ HH:MM[:SS[.fraction]][offset]]`; anything else is BAD."""
    parsed = [_parse(text) for text in texts]
    kind, wall, offset = (np.array([part[at] for part in parsed], dtype=np.int64) for at in range(3))
    return Stamps(kind, wall, offset, pd.Series([part[3] for part in parsed], dtype="str"))


def refuse_foreign(raw_bars: pd.DataFrame, kinds: I64, declared: str) -> None:
    """Naive stamps where offsets are declared, or the reverse: hours wrong, and nothing in the row would show it.

    Raises CWS-CLEAN-003 and names the first row.
    """
    foreign = np.isin(kinds, _FOREIGN[declared])
    if foreign.any():
        first = raw_bars.iloc[int(foreign.argmax())]
        form = "carries no offset" if declared == "offset" else "carries an offset"
        raise CwsError(
            "CWS-CLEAN-003",
            what=f"mixed time zones: declared {declared!r}, but {first['stamp']!r} {form} ({foreign.sum()} rows)",
            where=f"{first['source']}, row {first['row']}",
            fix="correct stamp_kind, or split the file",
        )


def time_zone(name: str) -> ZoneInfo:
    """A zone of the locked `tzdata` package: the machine's own database would change results behind the lock's back.

    Raises CWS-CLEAN-002.
    """
    path = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    if _ZONE.fullmatch(name) is None or not path.is_file():
        raise CwsError(
            "CWS-CLEAN-002", what=f"unknown time zone {name!r}", where="zone", fix="use an IANA name, as Asia/Hong_Kong"
        )
    with path.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def from_wall(wall_ns: I64, zone: ZoneInfo, *, first: bool) -> tuple[I64, Mask, Mask]:
    """(UTC ns, ambiguous, missing) of wall-clock times.

    An ambiguous time is its first or its second occurrence; a missing one is the instant at which the clock jumped.
    """
    wall = pd.DatetimeIndex(wall_ns.view("datetime64[ns]"))
    which = np.full(len(wall), first)
    ambiguous = np.asarray(wall.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").isna())
    missing = np.asarray(wall.tz_localize(zone, ambiguous=which, nonexistent="NaT").isna())
    utc = wall.tz_localize(zone, ambiguous=which, nonexistent="shift_forward").tz_convert(None)
    return utc.to_numpy().astype("datetime64[ns]").astype(np.int64), ambiguous, missing
