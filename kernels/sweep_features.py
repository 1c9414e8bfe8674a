"""From a rule's parameters to what its lanes compare: one column a distinct window, however many sets use it.

Every rule decides with the closes up to its bar. Windows are those of kernels.cpu.rolling; memory is bars x distinct
windows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kernels.cpu import rolling
from kernels.sweep_inputs import F64, I64, Lanes

Columns = Callable[[F64, int], F64]


def _places(windows: I64) -> tuple[list[int], I64]:
    """The distinct windows ascending, and the place of each set's own among them."""
    distinct, place = np.unique(windows, return_inverse=True)
    return [int(bars) for bars in distinct], place.astype(np.int64)


def _matrix(close: F64, windows: list[int], column: Columns) -> F64:
    out = np.empty((len(close), len(windows)))
    for place, bars in enumerate(windows):
        out[:, place] = column(close, bars)
    return out


def _before(values: F64) -> F64:
    return np.concatenate([[math.nan], values[:-1]]) if len(values) else values


def rsi(close: F64, bars: int) -> F64:
    """(T,) Wilder's relative strength index (1978) in [0, 100]; smoothing starts at the first change.

    Missing in the first `bars` bars and where nothing has moved yet.
    """
    change = close - _before(close)
    gain = rolling.ewma(np.where(np.isnan(change), math.nan, np.maximum(change, 0.0)), 1.0 / bars)
    loss = rolling.ewma(np.where(np.isnan(change), math.nan, np.maximum(-change, 0.0)), 1.0 / bars)
    with np.errstate(all="ignore"):
        out = 100.0 * (gain / (gain + loss))
    out[:bars] = math.nan
    return out


def z_score(close: F64, bars: int) -> F64:
    """(T,) (close - mean) / sample deviation of the last `bars` closes; missing where they are equal."""
    spread = rolling.std(close, bars)
    with np.errstate(all="ignore"):
        return np.where(spread > 0.0, (close - rolling.mean(close, bars)) / spread, math.nan)


def _two_means(close: F64, sets: F64) -> tuple[F64, Lanes]:
    windows, place = _places(sets.astype(np.int64))
    fast, slow = place.reshape(sets.shape)
    return _matrix(close, windows, rolling.mean), Lanes(fast, slow, sets[0], sets[1])


def _channel(close: F64, sets: F64) -> tuple[F64, Lanes]:
    # The channel ends at the bar before: a close cannot leave a channel that holds it.
    (high_windows, high), (low_windows, low) = _places(sets[0].astype(np.int64)), _places(sets[1].astype(np.int64))
    top = _matrix(close, high_windows, lambda x, bars: _before(rolling.highest(x, bars)))
    bottom = _matrix(close, low_windows, lambda x, bars: _before(rolling.lowest(x, bars)))
    return np.hstack([top, bottom]), Lanes(high, low + len(high_windows), sets[0], sets[1])


def _one_window(column: Columns) -> Callable[[F64, F64], tuple[F64, Lanes]]:
    def features(close: F64, sets: F64) -> tuple[F64, Lanes]:
        windows, place = _places(sets[0].astype(np.int64))
        return _matrix(close, windows, column), Lanes(place, place, sets[1].copy(), sets[2].copy())

    return features


@dataclass(frozen=True)
class Rule:
    """The names of a rule's parameters, and (closes (T,), sets (parameters, N)) -> (features, lanes)."""

    parameters: tuple[str, ...]
    features: Callable[[F64, F64], tuple[F64, Lanes]]


RULES = {
    "ma_cross": Rule(("fast_bars", "slow_bars"), _two_means),
    "donchian": Rule(("high_bars", "low_bars"), _channel),
    "rsi_bands": Rule(("bars", "oversold", "overbought"), _one_window(rsi)),
    "z_reversion": Rule(("bars", "exit_score", "entry_score"), _one_window(z_score)),
}
