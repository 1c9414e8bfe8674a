"""From a house to what miners may see: traces, quarantine and breaks in force, the bars they are weighed against."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from cws.house import House
from cws.lake.commits import Pin
from cws.pins import published
from cws.supervisor.seen import Bounds, Declared, Seen, no_bars, no_rows
from cws.trace_log import read_traces
from modules.contract import Module
from modules.registry import load, names

DAY_NS = 86_400_000_000_000
WEEKDAYS = ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")  # from 1970-01-01 on
REGIMES = ("calm", "middling", "wild")
SLICE_COLUMNS = ["unit", "module", "symbol", "weekday", "regime", "what", "day"]


def gather(house: House) -> Seen:
    """Read everything once, verified. Raises what `Lake.read` raises. Without traces nothing else is read."""
    traces = read_traces(house)
    seen = Seen(traces, declared(sorted(set(traces["module"]))))
    if traces.empty:
        return seen
    pins = published(house)
    bars = {part: _bars(house, pin) for (table, part), pin in pins.items() if table == "ohlcv"}
    regime_of = {part: _regimes(frame) for part, frame in bars.items()}
    datasets = _dataset_of(house)
    bad = [*_refused(house, pins, regime_of), *_breaks(house, pins)]
    sliced = [_sliced(frame, part, regime_of[part]) for part, frame in bars.items()]
    by_part = dict(zip(bars, sliced, strict=True))
    sliced += [by_part[d].assign(unit=s).astype({"unit": "str"}) for s, d in datasets.items() if d in by_part]
    return replace(seen, bad_rows=_joined(bad, no_rows()), bars=_joined(sliced, no_bars()))


def declared(modules: Iterable[str]) -> dict[str, Declared]:
    """What the registry says of these modules; one that is no longer there is left out."""
    return {name: _declared(load(name)) for name in modules if name in names()}


def _declared(module: Module) -> Declared:
    fields = module.settings_type.model_fields
    bounds = {name: _bounds(info.metadata) for name, info in fields.items() if _is_number(info.annotation)}
    return Declared(module.manifest.judge, next(iter(module.gives)), bounds)


def _is_number(annotation: object) -> bool:
    return annotation is int or annotation is float


def _bounds(metadata: list[object]) -> Bounds:
    found = {side: getattr(one, side) for one in metadata for side in ("ge", "le") if hasattr(one, side)}
    return Bounds(found.get("ge"), found.get("le"))


def _joined(frames: list[pd.DataFrame], none: pd.DataFrame) -> pd.DataFrame:
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else none


def _dataset_of(house: House) -> dict[str, str]:
    """Strategy -> dataset, as the last backtest's ledger entry has it."""
    entries = [e.body for e in house.ledger.entries("stage") if e.body["stage"] == "backtest"]
    return {str(body["unit"]): str(dict(body["strategy"])["dataset"]) for body in entries}  # type: ignore[call-overload]


def _bars(house: House, pin: Pin) -> pd.DataFrame:
    return house.lake.read(pin, columns=["ts_event", "symbol", "close"])


def _regimes(bars: pd.DataFrame) -> pd.Series:
    """UTC day -> calm, middling or wild: thirds of the days by the mean absolute return of the day's bars."""
    before = bars.groupby("symbol")["close"].shift(1)
    moved = (bars["close"] / before - 1.0).abs().groupby(bars["ts_event"] // DAY_NS).mean()
    third = moved.rank(method="first", pct=True).fillna(0.0).to_numpy()
    labels = np.asarray(REGIMES)[np.minimum((third * 3.0).astype(np.int64), 2)]
    return pd.Series(labels, index=moved.index, dtype="str")


def _weekday(days: pd.Series) -> pd.Series:
    return pd.Series(np.asarray(WEEKDAYS)[days.to_numpy() % 7], index=days.index, dtype="str")


def _sliced(bars: pd.DataFrame, unit: str, regimes: pd.Series) -> pd.DataFrame:
    days = bars["ts_event"] // DAY_NS
    columns = {"symbol": bars["symbol"], "weekday": _weekday(days), "regime": days.map(regimes).astype("str")}
    return pd.DataFrame(columns).assign(unit=unit).astype({"unit": "str"})


def _refused(
    house: House, pins: Mapping[tuple[str, str], Pin], regimes: Mapping[str, pd.Series]
) -> Iterable[pd.DataFrame]:
    for (table, part), pin in pins.items():
        if table == "quarantine" and pin.rows:
            rows, unit = house.lake.read(pin), part.rpartition(".")[0]
            stamps = [json.loads(record).get("ts_event") for record in rows["record"]]
            days = pd.Series([stamp // DAY_NS if isinstance(stamp, int) else -1 for stamp in stamps])
            known = days >= 0
            regime = days.map(regimes[unit]) if unit in regimes else pd.Series([""] * len(rows))
            sliced = {"weekday": _weekday(days).where(known, ""), "regime": regime.fillna("").astype("str")}
            said = rows.assign(unit=unit, what=rows["reason"], day=days, **sliced)
            yield said.astype({"unit": "str"})[SLICE_COLUMNS]


def _breaks(house: House, pins: Mapping[tuple[str, str], Pin]) -> Iterable[pd.DataFrame]:
    """Breaks carry no stamp; reconcile_fills is the module that finds them."""
    for (table, part), pin in pins.items():
        if table == "breaks" and pin.rows:
            rows = house.lake.read(pin)
            said = rows.assign(unit=part, module="reconcile_fills", weekday="", regime="", what=rows["kind"], day=-1)
            yield said.astype(dict.fromkeys(SLICE_COLUMNS[:-1], "str"))[SLICE_COLUMNS]
