"""The arithmetic of a made-up market: shocks, clusters of volatility, regimes, jumps, bars. Numbers in, numbers out.

Everything random is drawn bar by bar from a stream of its own, so a longer market begins with the bytes of a shorter one,
and a change of one ingredient moves no draw of another. Time is the first axis, symbols (or factors) the second.
The generator's own draws use only scalar arithmetic of the C library; every other log and exp is `kernels.ordered`'s.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

from kernels.ordered import F64, exp, log

Mask = NDArray[np.bool_]
# A stationary recursion may still burst under fat tails; a hundred times the usual variance is a crash, more is none.
MAX_VARIANCE = 100.0


def stream(seed: int, purpose: int) -> Generator:
    """An independent stream of draws for each (seed, purpose) (O'Neill's PCG64 keyed by numpy's SeedSequence)."""
    return Generator(PCG64(SeedSequence(seed, spawn_key=(purpose,))))


def unit_t(draws: Generator, shape: tuple[int, ...], tail_df: float) -> F64:
    """Student t with `tail_df` > 2 degrees of freedom, scaled to unit variance."""
    return draws.standard_t(tail_df, shape) * math.sqrt((tail_df - 2.0) / tail_df)


def clustered_sd(shocks: F64, reaction: float, persistence: float) -> F64:
    """(T, N) standard deviation of each bar, known before it: GARCH(1,1) of mean one (Bollerslev 1986).

    h[t] = (1 - a - b) + a h[t-1] z[t-1]^2 + b h[t-1], h[0] = 1, held at or below MAX_VARIANCE.
    """
    base, variance = 1.0 - reaction - persistence, np.ones(shocks.shape[1:])
    out = np.empty_like(shocks)
    squared = shocks * shocks
    for t in range(len(shocks)):
        out[t] = variance
        variance = np.minimum(base + variance * (reaction * squared[t] + persistence), MAX_VARIANCE)
    return np.sqrt(out)


def switched(uniforms: F64, enter: float, leave: float) -> Mask:
    """Whether a two-state Markov chain is in its second state at each bar; it starts in the first."""
    inside, out = False, np.zeros(len(uniforms), dtype=np.bool_)
    for t, uniform in enumerate(uniforms.tolist()):
        inside = uniform >= leave if inside else uniform < enter
        out[t] = inside
    return out


def regime_scale(stressed: Mask, multiple: float, enter: float, leave: float) -> F64:
    """Volatility multiple of each bar; over the chain's stationary law its mean square is one."""
    share = enter / (enter + leave) if enter > 0.0 else 0.0
    calm = 1.0 / math.sqrt(1.0 + share * (multiple * multiple - 1.0))
    return np.where(stressed, calm * multiple, calm)


def u_shape(place: F64, depth: float) -> F64:
    """Weight of a bar by its place in the session (0 to 1): a parabola of mean one, heavy at both ends.

    `depth` in [0, 1): how far the middle of the session lies below the mean of a day, times two.
    """
    from_middle = 2.0 * place - 1.0
    return 1.0 + depth * (1.5 * from_middle * from_middle - 0.5)


def persistent(shocks: F64, memory: float) -> F64:
    """AR(1) of unit variance from unit shocks: x[t] = memory x[t-1] + sqrt(1 - memory^2) z[t], x[0] = z[0]."""
    fresh = math.sqrt(1.0 - memory * memory)
    out = np.empty_like(shocks)
    last = shocks[0] if len(shocks) else shocks
    for t in range(len(shocks)):
        last = shocks[t] if t == 0 else memory * last + fresh * shocks[t]
        out[t] = last
    return out


def jumps(uniforms: F64, normals: F64, chance: float, size: float) -> F64:
    """Log-return jumps: at each bar with probability `chance`, normal with standard deviation `size`."""
    return np.where(uniforms < chance, size * normals, 0.0)


def loaded(factors: F64, loadings: F64) -> F64:
    """(T, S) = (T, K) times (K, S), factors added in their order."""
    out = np.zeros((len(factors), loadings.shape[1]))
    for factor in range(len(loadings)):
        out += factors[:, factor, None] * loadings[factor]
    return out


def walk(start: F64, steps: F64) -> F64:
    """(T, S) log closes: `start` plus the steps so far, oldest first."""
    return np.cumsum(np.concatenate([start[None, :], steps]), axis=0)[1:]


class Extremes(NamedTuple):
    """How far above (>= 0) and below (<= 0) its open a bar went, in logs."""

    up: F64
    down: F64


def bridge_extremes(body: F64, variance: F64, u_up: F64, u_down: F64) -> Extremes:
    """Extremes of a Brownian bridge from 0 to `body` with `variance`, by inversion; uniforms in [0, 1).

    P(max > m) = exp(-2 m (m - body) / variance). Drawn one by one, each has its exact law; their dependence is left out.
    """
    up, down = (-2.0 * variance * log(1.0 - u) for u in (u_up, u_down))
    square = body * body
    return Extremes((body + np.sqrt(square + up)) / 2.0, (body - np.sqrt(square + down)) / 2.0)


class PriceBars(NamedTuple):
    open: F64
    high: F64
    low: F64
    close: F64


def on_ticks(price: F64, ticks_per_unit: float) -> F64:
    """Prices rounded to a tick, at least one tick."""
    return np.maximum(np.rint(price * ticks_per_unit), 1.0) / ticks_per_unit


def price_bars(log_open: F64, log_close: F64, extremes: Extremes, ticks_per_unit: float) -> PriceBars:
    """Bars with low <= open, close <= high."""
    logs = (log_open, log_open + extremes.up, log_open + extremes.down, log_close)
    opens, highs, lows, closes = (on_ticks(exp(level), ticks_per_unit) for level in logs)
    # The log of a close and the way to it may differ by the last bit, and a tick's edge may lie between.
    return PriceBars(
        opens, np.maximum(highs, np.maximum(opens, closes)), np.minimum(lows, np.minimum(opens, closes)), closes
    )


def volumes(log_level: F64, size_of_move: F64, flow: F64, move_share: float) -> F64:
    """Whole units traded, at least one: more on bars that moved more than usual (Karpoff 1987)."""
    return np.maximum(np.floor(exp(log_level + flow + move_share * (size_of_move - 1.0))), 1.0)
