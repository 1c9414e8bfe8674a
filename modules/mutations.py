"""Wrong versions of right things: mutated outputs that a check must notice, adversarial inputs, and altered futures."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

MAX_MUTANTS = 400
# Factors up to which a future is altered: wild, and tame enough for a module that refuses the impossible.
WILD, TAME = 2.0, 1.03


def _column_mutants(frame: pd.DataFrame, name: str) -> Iterator[pd.DataFrame]:
    column = frame[name]
    if isinstance(column.dtype, pd.StringDtype):
        for row in (0, len(frame) - 1):
            changed = column.copy()
            changed.iloc[row] = "mutant"
            yield frame.assign(**{name: changed})
        return
    if column.dtype.kind == "b":
        yield frame.assign(**{name: ~column})
        return
    for value in (column + 1, -column, column * 0, column * 3 + 7, column[::-1].to_numpy()):
        yield frame.assign(**{name: value})
    for row in (0, len(frame) // 2, len(frame) - 1):
        for number in (1_000_003, -1_000_003, 0):
            changed = column.copy()
            changed.iloc[row] = number
            yield frame.assign(**{name: changed})
        if column.dtype.kind == "f":
            changed = column.copy()
            changed.iloc[row] = np.nan
            yield frame.assign(**{name: changed})


def mutants(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Frames that differ from `frame` in a way that some acceptance check of its maker should notice."""
    if frame.empty:
        return
    yield frame.iloc[1:].reset_index(drop=True)
    yield frame.iloc[:0]
    yield pd.concat([frame, frame.iloc[:1]], ignore_index=True)
    yield frame.iloc[::-1].reset_index(drop=True)
    for name in frame.columns:
        yield from _column_mutants(frame, str(name))


def adversarial(frame: pd.DataFrame, rng: np.random.Generator) -> Iterator[tuple[str, pd.DataFrame]]:
    """Frames that keep the schema's types but not its expectations: holes, zeros, giants, equal values, two stamps."""
    reals = [str(c) for c in frame.columns if frame[c].dtype.kind == "f"]
    for name in reals:
        holes = frame[name].where(rng.random(len(frame)) > 0.3)
        yield f"{name} with holes", frame.assign(**{name: holes})
        yield f"{name} all missing", frame.assign(**{name: np.nan})
        yield f"{name} zero", frame.assign(**{name: 0.0})
        yield f"{name} negative", frame.assign(**{name: -1.0})
        yield f"{name} giant", frame.assign(**{name: 1e300})
        yield f"{name} infinite", frame.assign(**{name: np.inf})


def misshapen(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Frames that break the schema: each must be refused with CWS-TABLE-001."""
    first = str(frame.columns[0])
    yield "missing column", frame.drop(columns=first)
    yield "extra column", frame.assign(surprise=1.0)
    yield "mistyped column", frame.assign(**{first: pd.Series([True] * len(frame), index=frame.index)})
    if len(frame.columns) > 1:
        yield "columns in another order", frame[list(frame.columns[::-1])]


def _is_measured(name: str, kind: str) -> bool:
    """Whether a column holds a measurement: keys, stamps and row numbers say which row it is, and stay."""
    return kind == "f" or (kind == "i" and name != "row" and not name.startswith("ts_") and not name.endswith("_ns"))


def altered_future(frame: pd.DataFrame, cut_ns: int, rng: np.random.Generator, widest: float = WILD) -> pd.DataFrame:
    """The same frame with every number after `cut_ns` replaced: nothing at or before `cut_ns` may notice."""
    if "ts_event" not in frame.columns:
        return frame
    later = (frame["ts_event"] > cut_ns).to_numpy()
    out = frame.copy()
    for name in frame.columns:
        column = frame[name]
        if _is_measured(str(name), column.dtype.kind):
            whole = column.dtype.kind == "i"
            other = (
                column + rng.integers(1, 9, len(frame))
                if whole
                else column * rng.uniform(1 / widest, widest, len(frame))
            )
            out[name] = column.where(~later, other)
    return out


def without_future(frame: pd.DataFrame, cut_ns: int) -> pd.DataFrame:
    """The same frame as it stood at `cut_ns`, later rows not yet there: whoever counts, ranks or fills back notices."""
    return frame[frame["ts_event"] <= cut_ns].reset_index(drop=True) if "ts_event" in frame.columns else frame


def holed(frame: pd.DataFrame, columns: list[str], cut_ns: int, rng: np.random.Generator) -> pd.DataFrame:
    """The frame with a tenth of `columns` missing, and half of the rows at `cut_ns`: what filling back would fill."""
    if "ts_event" not in frame.columns:
        return frame
    at_cut = (frame["ts_event"] == cut_ns).to_numpy()
    every_second = at_cut & (np.cumsum(at_cut) % 2 == 1)
    return frame.assign(**{c: frame[c].mask(every_second | (rng.random(len(frame)) < 0.1)) for c in columns})


def spanned(frame: pd.DataFrame, cut_ns: int) -> pd.DataFrame:
    """The frame without every second symbol's rows at `cut_ns` and beside it: who trades again is not known there."""
    if not {"ts_event", "symbol"} <= set(frame.columns):
        return frame
    stamps = np.unique(frame["ts_event"].to_numpy())
    at = int(np.searchsorted(stamps, cut_ns))
    beside = frame["ts_event"].isin(stamps[max(0, at - 1) : at + 2])
    absent = beside & (pd.factorize(frame["symbol"], sort=True)[0] % 2 == 1)
    return frame[~absent].reset_index(drop=True)


def begun_late(frame: pd.DataFrame, columns: list[str], cut_ns: int) -> pd.DataFrame:
    """The frame whose `columns` carry nothing up to `cut_ns`: whether a later row does is not known there."""
    if "ts_event" not in frame.columns:
        return frame
    return frame.assign(**{c: frame[c].mask(frame["ts_event"] <= cut_ns) for c in columns})
