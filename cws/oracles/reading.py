"""Oracles of what reads a vendor's file: its records, the venue's sessions, its corporate actions, wild returns."""

import csv
import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from cws.market.clock import DAILY_SECONDS, clock_of
from cws.market.worlds import symbol_names
from cws.oracles.drawn import drawn_returns
from cws.oracles.made import vendor_file
from cws.oracles.scene import Scene

FIELDS = ["open", "high", "low", "close", "adj_close", "volume"]
CLOSE, HOLES = 3, [math.nan] * 6
# Sessions of a year at New York, counted by hand from the exchange's holiday lists.
KNOWN_SESSIONS = {"1990": 253, "2001": 248, "2012": 250, "2022": 251}
OPENS, CLOSES, ZONE = "09:30", "16:00", "America/New_York"
DAY_NS = 86_400_000_000_000
# In true standard deviations: what no clip may touch, and what every clip must bring below.
ORDINARY, WILD = 3.5, 9.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _records(scene: Scene) -> Iterator[tuple[int, str, str, list[float]]]:
    """(row, symbol, stamp, six numbers) as they stand in the file, read once more and by other code."""
    lines = vendor_file(scene.world, scene.seed).data.decode().splitlines()[1:]
    names = symbol_names(scene.world)
    by_ticker = {name.rsplit(".", 1)[0]: name for name in names}
    for row, cells in enumerate(csv.reader(lines), start=1):
        match scene.world.vendor:
            case "csv_ohlcv":
                yield row, by_ticker[cells[0]], cells[1], [_number(cell) for cell in cells[2:]]
            case "epoch_bars":
                yield row, names[0], cells[0], [_number(cell) for cell in cells[1:]]
            case "wide_panel":
                for name, cell in zip(names, cells[1:], strict=True):
                    yield row, name, cells[0], [*HOLES[:CLOSE], _number(cell), *HOLES[CLOSE + 1 :]]


def records_come_out_once(scene: Scene) -> int:
    """Records that do not stand exactly once among raw bars and refused rows, or with another stamp or number."""
    seen = scene.runs[scene.world.vendor].after
    rows, symbols, stamps, numbers = zip(*_records(scene), strict=True)
    due = pd.DataFrame({"row": rows, "symbol": symbols, "stamp_due": stamps})
    due[[f"{name}_due" for name in FIELDS]] = np.array(numbers)
    both = seen["raw_bars"].merge(due, on=["row", "symbol"], how="left")
    wrong = both["stamp"] != both["stamp_due"]
    for name in FIELDS:
        value, true = both[name].to_numpy(), both[f"{name}_due"].to_numpy()
        wrong |= ~((value == true) | (np.isnan(value) & np.isnan(true)))
    key = ["row", "symbol"]
    stands = pd.concat([seen["raw_bars"][key], seen["refused"][key]]).value_counts()
    once = stands.reindex(pd.MultiIndex.from_frame(due[key]), fill_value=0) != 1
    return int(wrong.sum()) + int(once.sum())


def sessions_are_the_venues(scene: Scene) -> int:
    """Days of the world without their session or with another close, sessions at odd hours, years of a wrong length."""
    found = scene.runs["exchange_sessions"].after["sessions"]
    stamps = clock_of(scene.world, scene.world.bars).ts_event
    if scene.world.bar_seconds < DAILY_SECONDS:
        days = np.unique(stamps // DAY_NS) * DAY_NS
        whole = found["open_ns"][(found["close_ns"] - found["open_ns"]) == DAY_NS]
        return int((~np.isin(days, whole)).sum())
    inside = found[(found["close_ns"] >= stamps[0]) & (found["close_ns"] <= stamps[-1])]
    apart = len(np.setxor1d(inside["close_ns"], stamps))
    opens, closes = (_local(inside[name]) for name in ("open_ns", "close_ns"))
    odd = int((opens != OPENS).sum()) + int(((closes != CLOSES) & ~inside["half_day"].to_numpy()).sum())
    years = found["date"].str[:4].value_counts()
    return apart + odd + sum(abs(int(years.get(year, 0)) - count) for year, count in KNOWN_SESSIONS.items())


def _local(instants: pd.Series) -> pd.Index:
    stamps = pd.DatetimeIndex(instants.to_numpy().view("datetime64[ns]"), tz="UTC")
    return stamps.tz_convert(ZONE).strftime("%H:%M")


def instants_are_their_stamps(scene: Scene) -> int:
    """Bars missing, or at another instant than their stamp says: a session's close, New York's on a day without one.

    The sessions are those that were given: whether they are right is asked elsewhere.
    """
    seen = scene.runs["to_utc_ns"]
    raw, key = seen.before["raw_bars"], ["row", "symbol"]
    if scene.world.bar_seconds < DAILY_SECONDS:
        due = pd.to_datetime(raw["stamp"], format="%Y-%m-%d %H:%M:%S%z", errors="coerce", utc=True)
    else:
        named = pd.to_datetime(raw["stamp"], format="%Y-%m-%d", errors="coerce")
        given = scene.runs["exchange_sessions"].after["sessions"].set_index("date")["close_ns"]
        closes = pd.to_datetime(raw["stamp"].map(given), utc=True)
        due = closes.fillna((named + pd.Timedelta(f"{CLOSES}:00")).dt.tz_localize(ZONE).dt.tz_convert("UTC"))
    found = raw[key].merge(seen.after["bars"][[*key, "ts_event"]], on=key, how="left")["ts_event"]
    known = due.notna().to_numpy()
    return int((pd.to_datetime(found, utc=True).to_numpy()[known] != due.to_numpy()[known]).sum())


def corporate_actions_as_planted(scene: Scene) -> int:
    """Splits and dividends planted but not listed, listed but not planted, or of another size (a dividend to 1 %)."""
    seen = scene.runs["dividend_adjust"]
    found = seen.after["actions"].set_index(["symbol", "ts_event", "kind"])[["ratio", "amount"]]
    names, stamps = symbol_names(scene.world), clock_of(scene.world, scene.world.bars).ts_event
    # A dividend is paid on the share of its day, whatever splits came before.
    quoted = scene.runs["split_adjust"].before["bars"]
    before = quoted.assign(past=quoted.groupby("symbol")["close"].shift())
    past = before.set_index(["symbol", "ts_event"])["past"]
    due: dict[tuple[str, int, str], tuple[float, float]] = {}
    for one in vendor_file(scene.world, scene.seed).placed:
        place = names[one.flaw.column], int(stamps[one.flaw.bar])
        if one.flaw.kind == "splits":
            due[*place, "split"] = (one.flaw.size, 0.0)
        elif one.flaw.kind == "dividends":
            due[*place, "dividend"] = (1.0, one.flaw.size * float(past.get(place, math.nan)))
    told = {
        key: (float(ratio), float(amount)) for key, (ratio, amount) in zip(found.index, found.to_numpy(), strict=True)
    }
    return sum(key not in told or not _near(told[key], due[key]) for key in due) + len(told.keys() - due.keys())


def _near(found: tuple[float, float], due: tuple[float, float]) -> bool:
    return found[0] == due[0] and abs(found[1] - due[1]) <= 0.01 * due[1]


def wild_returns_are_clipped_alone(scene: Scene) -> int:
    """Planted wild returns that stay wild or change their side, and ordinary ones that were touched."""
    drawn = drawn_returns(scene.world, scene.seed)
    came, left = drawn.frame["value"].to_numpy(), scene.runs["winsorize"].after["returns"]["value"].to_numpy()
    size = np.abs(came) / drawn.deviation
    touched = drawn.judged & (size <= ORDINARY) & (left != came)
    loose = drawn.judged & drawn.wild & ((np.abs(left) > WILD * drawn.deviation) | (np.sign(left) != np.sign(came)))
    return int(touched.sum()) + int(loose.sum())
