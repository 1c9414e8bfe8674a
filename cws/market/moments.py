"""Moments of a panel of bars: what a made-up market has to share with a real one."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from kernels.ordered import F64, log, median, ordered_mean, ordered_std, ordered_sum
from modules.panel import grid

SHORT_LAG, LONG_LAG = 1, 20


def moments(bars: pd.DataFrame, bars_per_year: float) -> Mapping[str, float]:
    """Moments of BARS, medians over symbols; NaN for what the source does not carry or one symbol cannot have.

    Simple close-to-close returns; kurtosis is the excess; `abs_autocorrelation_*` is of absolute returns at 1 and 20
    bars; `overnight_share` is the gaps' part of gap and body variance; volume is in logs.
    """
    place = grid(bars)
    close, open_, volume = (place.spread(bars[name]) for name in ("close", "open", "volume"))
    returns = close[1:] / close[:-1] - 1.0
    gaps, bodies = open_[1:] / close[:-1] - 1.0, close[1:] / open_[1:] - 1.0
    return {
        "annual_vol": _typical(returns, lambda r: ordered_std(r) * math.sqrt(bars_per_year)),
        "skew": _typical(returns, lambda r: _standardised(r, 3)),
        "kurtosis": _typical(returns, lambda r: _standardised(r, 4) - 3.0),
        "abs_autocorrelation_1": _typical(np.abs(returns), lambda r: autocorrelation(r, SHORT_LAG)),
        "abs_autocorrelation_20": _typical(np.abs(returns), lambda r: autocorrelation(r, LONG_LAG)),
        "pair_correlation": mean_correlation(returns),
        "overnight_share": _share(gaps, bodies),
        "volume_autocorrelation": _typical(log(volume), lambda v: autocorrelation(v, SHORT_LAG)),
        "max_drawdown": _typical(close, max_drawdown),
    }


def _typical(matrix: F64, of: Callable[[F64], float]) -> float:
    """The median over symbols, each with its own known bars."""
    columns = [matrix[~np.isnan(matrix[:, at]), at] for at in range(matrix.shape[1])]
    return median(np.array([of(column) for column in columns if len(column) > LONG_LAG + 1]))


def _standardised(values: F64, power: int) -> float:
    z = (values - ordered_mean(values)) / ordered_std(values, ddof=0)
    return ordered_mean(z * z * z if power == 3 else z * z * z * z)


def autocorrelation(values: F64, bars: int) -> float:
    """Of a series with itself `bars` earlier, around one mean; NaN when it never moves."""
    gap = values - ordered_mean(values)
    size = ordered_sum(gap * gap)
    return ordered_sum(gap[bars:] * gap[:-bars]) / size if size > 0.0 else math.nan


def mean_correlation(returns: F64) -> float:
    """Mean over pairs of symbols, each over the bars that both have; NaN for one symbol."""
    pairs = [
        _correlation(returns[both, a], returns[both, b])
        for a in range(returns.shape[1])
        for b in range(a + 1, returns.shape[1])
        if (both := ~np.isnan(returns[:, a]) & ~np.isnan(returns[:, b])).sum() > LONG_LAG
    ]
    return ordered_mean(np.array(pairs))


def _correlation(left: F64, right: F64) -> float:
    x, y = left - ordered_mean(left), right - ordered_mean(right)
    return ordered_sum(x * y) / math.sqrt(ordered_sum(x * x) * ordered_sum(y * y))


def _share(gaps: F64, bodies: F64) -> float:
    overnight, intraday = (_typical(part, lambda r: ordered_std(r) ** 2) for part in (gaps, bodies))
    return overnight / (overnight + intraday)


def max_drawdown(close: F64) -> float:
    """Deepest fall from a high before it, as a positive share."""
    return float(np.max(1.0 - close / np.maximum.accumulate(close)))
