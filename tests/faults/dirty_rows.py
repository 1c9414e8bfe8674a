"""A file with one bad row of every kind, and where each must be found afterwards."""

from dataclasses import dataclass

from small_house import good_lines, session_dates, text


@dataclass(frozen=True)
class Planted:
    """`line` replaces the good one of its symbol and day, or stands after the last one when `day` is None."""

    line: str
    reason: str
    stage: str = "clean"
    module: str = "bar_sanity"
    symbol: str = "AAA.XNYS"
    day: int | None = None


def _bar(day: int, prices: str = "50.0,51.0,49.0,50.5", volume: str = "100", symbol: str = "AAA") -> str:
    return f"{symbol},{session_dates()[day]},{prices},{volume}"


def planted() -> dict[str, Planted]:
    ingest = {"stage": "ingest", "module": "csv_ohlcv"}
    copied, contradicted = good_lines()[1 + 3], good_lines()[1 + 4].rsplit(",", 1)[0] + ",7"
    return {
        "path in a symbol": Planted(_bar(5, symbol="../../AAA"), "bad_symbol", symbol="?", **ingest),
        "separator in a symbol": Planted(_bar(5, symbol="AA/A"), "bad_symbol", symbol="?", **ingest),
        "text for a price": Planted(_bar(12, "50.0,51.0,49.0,n/a"), "unparsable_close", day=12, **ingest),
        "a cell too few": Planted("AAA,2019-03-04,50.0", "wrong_number_of_cells", symbol="?", **ingest),
        "NaN price": Planted(_bar(20, "50.0,51.0,49.0,nan"), "nan_price", day=20),
        "missing price": Planted(_bar(25, "50.0,51.0,49.0,"), "nan_price", day=25),
        "infinite price": Planted(_bar(30, "50.0,inf,49.0,50.5"), "infinite_price", day=30),
        "negative price": Planted(_bar(40, "-50.0,51.0,49.0,50.5"), "non_positive_price", day=40),
        "negative volume": Planted(_bar(50, volume="-1"), "negative_volume", day=50),
        "exact duplicate": Planted(copied, "exact_duplicate", module="sort_and_dedupe"),
        "conflicting duplicate": Planted(contradicted, "conflicting_duplicate", module="sort_and_dedupe"),
        "no such day": Planted("AAA,2019-02-30,50.0,51.0,49.0,50.5,1", "unparsable_stamp", module="to_utc_ns"),
        "time among dates": Planted(
            "AAA,2019-03-04 10:00,50.0,51.0,49.0,50.5,1", "unparsable_stamp", module="to_utc_ns"
        ),
        "a Saturday": Planted("AAA,2019-01-05,50.0,51.0,49.0,50.5,1", "outside_session", module="session_filter"),
        "after the calendar": Planted(
            "AAA,2021-01-04,50.0,51.0,49.0,50.5,1", "beyond_calendar", module="session_filter"
        ),
    }


SWAPPED = (60, 70)  # two good rows that stand in each other's place


def dirty_lines() -> list[str]:
    lines = list(good_lines())
    first, second = (1 + day for day in SWAPPED)
    lines[first], lines[second] = lines[second], lines[first]
    for one in planted().values():
        if one.day is None:
            lines.append(one.line)
        else:
            lines[1 + one.day] = one.line
    return lines


def dirty_file() -> bytes:
    return text(dirty_lines())


def row_of(one: Planted) -> int:
    """The 1-based record number of a planted line; a duplicate's is that of its last occurrence."""
    lines = dirty_lines()
    return len(lines) - 1 - lines[::-1].index(one.line)
