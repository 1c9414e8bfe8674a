"""Plant a predictable part into noise: the mean return of a bar loads on a pattern of the closes before it.

The pattern is one that a module can find in prices. The closes carry the effect of what was planted, so the pattern
feeds on itself as it would in a market, and every value at t uses closes up to t alone.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kernels.ordered import F64, ordered_mean


class Pattern(NamedTuple):
    """`kind` is a key of PATTERNS; a `window` of bars, of which the last `skip` are left out."""

    kind: str
    window: int
    skip: int


class Planted(NamedTuple):
    """All (T, S): log closes; mean return of the bar; the pattern's value at its end, unit size."""

    log_close: F64
    mean: F64
    signal: F64


def rank_scores(symbols: int) -> F64:
    """Centred ranks 0..S-1 scaled to mean square one; zero for a single symbol, which has no cross-section."""
    centred = np.arange(symbols, dtype=np.float64) - (symbols - 1) / 2.0
    size = math.sqrt(ordered_mean(centred * centred))
    return centred / size if size > 0.0 else centred


def _ranked(values: F64, scores: F64) -> F64:
    out = np.empty_like(scores)
    out[np.argsort(values, kind="stable")] = scores
    return out


def _reversal(past: F64, pattern: Pattern, sd: F64, scores: F64) -> F64:
    return _ranked(past[-1 - pattern.window] - past[-1 - pattern.skip], scores)


def _momentum(past: F64, pattern: Pattern, sd: F64, scores: F64) -> F64:
    return _ranked(past[-1 - pattern.skip] - past[-1 - pattern.window], scores)


def _stretch(past: F64, pattern: Pattern, sd: F64, scores: F64) -> F64:
    """Distance of the close below the mean of the window over its usual size, clipped to two; one symbol by itself."""
    window = past[len(past) - pattern.window :]
    mean = np.cumsum(window, axis=0)[-1] / pattern.window
    # A random walk's distance from its trailing mean of n bars has about a third of n bars' variance.
    usual = sd * math.sqrt((2 * pattern.window - 1) * (pattern.window - 1) / (6.0 * pattern.window))
    return np.clip((mean - past[-1]) / usual, -2.0, 2.0)


PATTERNS: dict[str, Callable[[F64, Pattern, F64, F64], F64]] = {
    "reversal": _reversal,
    "momentum": _momentum,
    "stretch": _stretch,
}


def horizon_weights(bars: int, half_life_bars: float) -> F64:
    """How much of the mean comes from the pattern 1..`bars` ago; halved every `half_life_bars`, adding up to one."""
    raw = np.array([math.pow(0.5, lag / half_life_bars) for lag in range(bars)])
    return raw / np.cumsum(raw)[-1]


def plant(start: F64, noise: F64, strength: F64, sd: F64, pattern: Pattern, weights: F64) -> Planted:
    """Log closes from `start` (S,) with noise (T, S) plus a mean: strength (T, S) times the weighted last signals.

    `sd` (S,) is a bar's usual log-return size. Where strength is zero the closes are those of `kernels.market.walk`.
    """
    bars, symbols = noise.shape
    scores, value = rank_scores(symbols), PATTERNS[pattern.kind]
    path = np.concatenate([start[None, :], np.empty_like(noise)])
    mean, signal = np.zeros_like(noise), np.zeros_like(noise)
    latest_first = weights[:, None]
    for t in range(bars):
        known = min(t, len(weights))
        if known:
            mean[t] = strength[t] * np.cumsum(signal[t - known : t][::-1] * latest_first[:known], axis=0)[-1]
        path[t + 1] = path[t] + (noise[t] + mean[t])
        if t + 1 > pattern.window:
            signal[t] = value(path[: t + 2], pattern, sd, scores)
    return Planted(path[1:], mean, signal)
