"""A world's numbers from its seed: the visible bars and, beside them, what nobody else may see.

One bar more than the world has is always drawn, so that a leak of the next bar exists at the last one too.
"""

import math
from dataclasses import dataclass

import numpy as np

from cws.market.clock import Clock, bars_a_session, bars_a_year, clock_of
from cws.market.spec import World
from kernels import market
from kernels.market import Mask, PriceBars
from kernels.ordered import F64, exp, log
from kernels.planted import Pattern, horizon_weights, plant

# Each purpose has its own stream: a new ingredient takes a new number and moves no draw of the others.
(STATIC, GAPS, BODIES, MARKET_JUMPS, OWN_JUMPS, STRESS, SLEEP, RANGES, FLOW, MISSING, LISTING, FLAWS) = range(12)


@dataclass(frozen=True)
class Symbols:
    """What does not change over time, per symbol: loadings (1 + K, S), the others (S,)."""

    loadings: F64
    idio_vol: F64
    start: F64
    adv_usd: F64
    half_spread_bps: F64


@dataclass(frozen=True)
class Paths:
    """All matrices are (T, S). `noise_sd` is the standard deviation of a bar's own noise, known before the bar,
    and `factor_sd` (T, 1 + K) that of the factors."""

    clock: Clock
    symbols: Symbols
    prices: PriceBars
    volume: F64
    present: Mask
    mean: F64
    signal: F64
    noise_sd: F64
    factor_sd: F64
    stressed: Mask
    awake: Mask


def symbols_of(world: World, seed: int) -> Symbols:
    """Drawn column by column of one (S, 5 + K) matrix."""
    noise, trading = world.noise, world.trading
    drawn = market.stream(seed, STATIC).standard_normal((world.symbols, 5 + noise.factors))
    loadings = np.concatenate([1.0 + noise.beta_spread * drawn[:, :1], drawn[:, 5:]], axis=1).T
    adv_usd = trading.adv_usd * exp(trading.adv_spread * drawn[:, 3])
    return Symbols(
        loadings=loadings,
        idio_vol=noise.idio_vol * exp(noise.idio_spread * drawn[:, 1]),
        start=math.log(world.first_price) + 0.5 * drawn[:, 2],
        adv_usd=adv_usd,
        # Less traded symbols are dearer to trade, roughly with the inverse root of the value.
        half_spread_bps=trading.half_spread_bps * np.sqrt(trading.adv_usd / adv_usd) * exp(0.1 * drawn[:, 4]),
    )


@dataclass(frozen=True)
class _Noise:
    gap: F64
    body: F64
    body_variance: F64
    own_sd: F64
    factor_sd: F64
    usual_sd: F64
    stressed: Mask


def _scales(world: World, clock: Clock) -> tuple[F64, F64]:
    """(gap, body) standard deviation of each bar over that of a usual bar: squares add up to a session's variance."""
    overnight, between = world.noise.overnight_share, world.noise.bar_gap_share
    season = market.u_shape(clock.place, world.noise.intraday_depth if world.bar_seconds < 86_400 else 0.0)
    own = (1.0 - overnight) * season
    gap = np.where(clock.opens, overnight * bars_a_session(world), 0.0) + between * own
    return np.sqrt(gap), np.sqrt((1.0 - between) * own)


def _noise(world: World, seed: int, clock: Clock, symbols: Symbols) -> _Noise:
    noise, regimes, bars = world.noise, world.regimes, len(clock.ts_event)
    yearly = bars_a_year(world)
    width = 1 + noise.factors + world.symbols
    zs = [market.unit_t(market.stream(seed, purpose), (bars, width), noise.tail_df) for purpose in (GAPS, BODIES)]
    stressed = market.switched(market.stream(seed, STRESS).random(bars), regimes.stress_enter, regimes.stress_leave)
    multiple = market.regime_scale(stressed, regimes.stress_multiple, regimes.stress_enter, regimes.stress_leave)
    scale_gap, scale_body = _scales(world, clock)
    whole = np.sqrt(scale_gap * scale_gap + scale_body * scale_body)
    shocks = (scale_gap[:, None] * zs[0] + scale_body[:, None] * zs[1]) / whole[:, None]
    sd = market.clustered_sd(shocks, noise.reaction, noise.persistence) * multiple[:, None]
    factor_vol = np.array([noise.market_vol, *[noise.factor_vol] * noise.factors]) / math.sqrt(yearly)
    usual = symbols.idio_vol / math.sqrt(yearly)
    gap, body = (
        market.loaded(sd[:, : len(factor_vol)] * factor_vol * (scale[:, None] * z[:, : len(factor_vol)]), symbols.loadings)
        + sd[:, len(factor_vol) :] * usual * (scale[:, None] * z[:, len(factor_vol) :])
        for scale, z in zip((scale_gap, scale_body), zs, strict=True)
    )  # fmt: skip
    squared = symbols.loadings * symbols.loadings
    variance = market.loaded((sd[:, : len(factor_vol)] * factor_vol) ** 2, squared)
    variance += (sd[:, len(factor_vol) :] * usual) ** 2
    own_sd, factor_sd = (
        sd[:, len(factor_vol) :] * usual * whole[:, None],
        sd[:, : len(factor_vol)] * factor_vol * whole[:, None],
    )
    drift = _drift(world, symbols)
    jump = _jumps(world, seed, bars, symbols)
    return _Noise(
        gap, body + jump + drift, variance * (scale_body * scale_body)[:, None], own_sd, factor_sd, usual, stressed
    )


def _drift(world: World, symbols: Symbols) -> F64:
    """Log drift a bar at which the mean simple return of a year is the world's `drift`."""
    noise = world.noise
    factor_vol = np.array([noise.market_vol, *[noise.factor_vol] * noise.factors])
    variance = market.loaded((factor_vol * factor_vol)[None, :], symbols.loadings * symbols.loadings)[0]
    return (noise.drift - 0.5 * (variance + symbols.idio_vol * symbols.idio_vol)) / bars_a_year(world)


def _jumps(world: World, seed: int, bars: int, symbols: Symbols) -> F64:
    noise, yearly, each = world.noise, bars_a_year(world), (bars, world.symbols)
    chance, size = market.stream(seed, MARKET_JUMPS).spawn(2)
    common = market.jumps(chance.random(bars), size.standard_normal(bars), noise.market_jumps / yearly, noise.jump_size)
    chance, size = market.stream(seed, OWN_JUMPS).spawn(2)
    own = market.jumps(chance.random(each), size.standard_normal(each), noise.own_jumps / yearly, noise.jump_size)
    return own + common[:, None] * symbols.loadings[0]


@dataclass(frozen=True)
class _Alpha:
    log_close: F64
    mean: F64
    signal: F64
    awake: Mask


def _planted(world: World, seed: int, symbols: Symbols, noise: _Noise) -> _Alpha:
    steps, alpha, regimes = noise.gap + noise.body, world.alpha, world.regimes
    bars = len(steps)
    if alpha is None:
        nothing = np.zeros_like(steps)
        return _Alpha(market.walk(symbols.start, steps), nothing, nothing, np.zeros(bars, dtype=np.bool_))
    asleep = market.switched(market.stream(seed, SLEEP).random(bars), regimes.asleep_enter, regimes.asleep_leave)
    at = np.arange(bars)
    awake = ~asleep & (at >= alpha.first_bar) & (at <= alpha.last_bar)
    strength = np.where(awake, alpha.ic, 0.0)[:, None] * noise.usual_sd
    pattern = Pattern(alpha.pattern, alpha.window_bars, alpha.skip_bars)
    weights = horizon_weights(alpha.horizon_bars, alpha.half_life_bars)
    made = plant(symbols.start, steps, strength, noise.usual_sd, pattern, weights)
    return _Alpha(made.log_close, made.mean, made.signal, awake)


def _volume(world: World, seed: int, clock: Clock, symbols: Symbols, noise: _Noise) -> F64:
    trading = world.trading
    flow = market.persistent(
        market.stream(seed, FLOW).standard_normal((len(noise.gap), world.symbols)), trading.volume_memory
    )
    depth = world.noise.intraday_depth if world.bar_seconds < 86_400 else 0.0
    season = log(market.u_shape(clock.place, depth))
    level = log(symbols.adv_usd / bars_a_session(world)) - symbols.start
    moved = np.abs(noise.gap + noise.body) / np.sqrt(np.maximum(noise.body_variance, 1e-300))
    # A wild bar trades more, but not without bound.
    return market.volumes(
        level + season[:, None], np.minimum(moved, 6.0), trading.volume_vol * flow, trading.move_share
    )


def _present(world: World, seed: int, bars: int) -> Mask:
    present = market.stream(seed, MISSING).random((bars, world.symbols)) >= world.missing_share
    listed = np.zeros(world.symbols, dtype=np.int64)
    late = world.late_listings
    # Listing days do not depend on how long the world goes on.
    listed[world.symbols - late :] = market.stream(seed, LISTING).integers(20, 520, late)
    return present & (np.arange(bars)[:, None] >= listed)


def paths_of(world: World, seed: int) -> Paths:
    """Everything about the world's bars, T = world.bars; raises CWS-MARKET-002 when the calendar ends before."""
    bars = world.bars + 1
    clock, symbols = clock_of(world, bars), symbols_of(world, seed)
    noise = _noise(world, seed, clock, symbols)
    alpha = _planted(world, seed, symbols, noise)
    before = np.concatenate([symbols.start[None, :], alpha.log_close[:-1]])
    ranges = market.stream(seed, RANGES).random((bars, 2, world.symbols))
    body = noise.body + alpha.mean
    extremes = market.bridge_extremes(body, noise.body_variance, ranges[:, 0], ranges[:, 1])
    prices = market.price_bars(before + noise.gap, alpha.log_close, extremes, world.ticks_per_unit)
    volume = _volume(world, seed, clock, symbols, noise)
    return Paths(
        clock, symbols, prices, volume, _present(world, seed, bars), alpha.mean, alpha.signal, noise.own_sd,
        noise.factor_sd, noise.stressed, alpha.awake,
    )  # fmt: skip
