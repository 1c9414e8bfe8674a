"""How well a signal orders what comes after it: information coefficients by horizon and by lag, and how fast it trades.

`ic_h` is the mean over bars of the rank correlation, across symbols, of the signal with the return over the next h
bars; `lag_ic_h` with the one-bar return that ends h bars later (Grinold & Kahn 1999, ch. 10). `pooled_ic_h` is the
correlation over all bars and symbols together, which one instrument has too.
`t_h` counts overlapping returns once in h.
"""

import numpy as np
import pandas as pd

from kernels.cross_section import centred_rank
from kernels.ordered import F64, lag, ordered_mean, ordered_std, ordered_sum
from modules.contract import Check, ModuleSettings, module, no_row
from modules.examples import bars_example, keyed_example
from modules.horizons import HORIZONS, MIN_NAMES
from modules.panel import KEYS, grid
from modules.tables import BARS, SIGNAL, STATS

MIN_BARS = 3
KINDS = ("ic", "lag_ic", "pooled_ic", "pooled_lag_ic", "t")


class Settings(ModuleSettings):
    pass


def example(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    return {"bars": bars_example(rng), "signal": keyed_example(rng)}


def _forward(values: F64, bars: int) -> F64:
    """`values` moved up by `bars` rows: the only place that looks ahead, and only to judge."""
    return lag(values[::-1], bars)[::-1]


def _row_sums(values: F64) -> F64:
    return np.cumsum(values, axis=1)[:, -1]


def _rank_ics(signal: F64, returns: F64) -> F64:
    """Rank correlation of each bar with enough names; NaN elsewhere. Centred ranks have mean zero."""
    known = np.isfinite(signal) & np.isfinite(returns)
    one, other = (np.where(known, centred_rank(np.where(known, x, np.nan)), 0.0) for x in (signal, returns))
    with np.errstate(all="ignore"):
        ics = _row_sums(one * other) / np.sqrt(_row_sums(one * one) * _row_sums(other * other))
    return np.where(known.sum(axis=1) >= MIN_NAMES, ics, np.nan)


def _pooled_ic(signal: F64, returns: F64) -> float:
    known = np.isfinite(signal) & np.isfinite(returns)
    one, other = signal[known], returns[known]
    one, other = one - ordered_mean(one), other - ordered_mean(other)
    below = np.sqrt(ordered_sum(one * one)) * np.sqrt(ordered_sum(other * other))
    return ordered_sum(one * other) / float(below) if len(one) >= MIN_BARS and 0.0 < below < np.inf else float("nan")


def _mean(ics: F64) -> float:
    ics = ics[np.isfinite(ics)]
    return ordered_mean(ics) if len(ics) >= MIN_BARS else float("nan")


def _t(ics: F64, horizon: int) -> float:
    ics = ics[np.isfinite(ics)]
    spread = ordered_std(ics)
    return ordered_mean(ics) / spread * float(np.sqrt(len(ics) / horizon)) if spread > 1e-12 else float("nan")


def _turnover(signal: F64) -> float:
    """Mean change of the signal from bar to bar as a share of its mean size."""
    before = lag(signal, 1)
    known = np.isfinite(signal) & np.isfinite(before)
    size = ordered_sum(np.abs(signal[known]))
    return ordered_sum(np.abs(signal[known] - before[known])) / size if 0.0 < size < np.inf else float("nan")


@module(takes=(BARS, SIGNAL), gives=STATS, settings=Settings, example=example)
def ic_decay(bars: pd.DataFrame, signal: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    stamps = grid(bars)
    close = stamps.spread(bars["close"])
    values = stamps.spread(bars[KEYS].merge(signal, on=KEYS, how="left")["value"])
    with np.errstate(all="ignore"):
        bar_return = close / lag(close, 1) - 1.0
        found = {"turnover": _turnover(values), "observations": float(np.isfinite(values).sum())}
        for h in HORIZONS if values.size else ():
            ahead = _forward(close, h) / close - 1.0
            ics = _rank_ics(values, ahead)
            late = _forward(bar_return, h)
            pooled = _pooled_ic(values, ahead), _pooled_ic(values, late)
            rows = (_mean(ics), _mean(_rank_ics(values, late)), *pooled, _t(ics, h))
            found |= {f"{kind}_{h:03d}": value for kind, value in zip(KINDS, rows, strict=True)}
    names = sorted(found)
    numbers = np.array([found[name] for name in names])
    why = np.where(np.isfinite(numbers), "", "too few names or bars, or no dispersion")
    columns = {"name": pd.Series(names, dtype="str"), "value": np.where(np.isfinite(numbers), numbers, np.nan)}
    return pd.DataFrame({**columns, "why": pd.Series(why, dtype="str")})


@ic_decay.accept
def a_missing_value_says_why(_: pd.DataFrame, after: pd.DataFrame) -> Check:
    """A value is missing exactly where the row gives a reason."""
    return no_row(after, after["value"].isna() == (after["why"] == ""))


@ic_decay.accept
def correlations_are_bounded(_: pd.DataFrame, after: pd.DataFrame) -> Check:
    """Every information coefficient lies in [-1, 1], and a turnover is not negative."""
    is_ic = after["name"].str.contains("ic_")
    beyond = (is_ic & (after["value"].abs() > 1.0 + 1e-9)) | ((after["name"] == "turnover") & (after["value"] < 0.0))
    return no_row(after, beyond)


@ic_decay.accept
def one_bar_ahead_is_one_bar_late(_: pd.DataFrame, after: pd.DataFrame) -> bool:
    """The next bar's return is both the shortest horizon and the shortest lag, and each statistic stands once."""
    of = dict(zip(after["name"], after["value"], strict=True))
    one, late = of.get("ic_001", 0.0), of.get("lag_ic_001", 0.0)
    return sorted(of) == list(after["name"]) and bool(abs(one - late) <= 1e-6 or (np.isnan(one) and np.isnan(late)))
