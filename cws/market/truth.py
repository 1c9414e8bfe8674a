"""What is true of a world and nobody but a judge may know. No table, no module and no recipe is made from here."""

import math
from dataclasses import dataclass

import numpy as np

from cws.market.clock import bars_a_year
from cws.market.paths import paths_of
from cws.market.spec import World
from cws.market.vendor import Placed, Refusal, vendor_file
from cws.market.worlds import symbol_names
from kernels.market import Mask, loaded
from kernels.ordered import F64, ordered_mean, ordered_sum


@dataclass(frozen=True)
class Truth:
    """All matrices are (T, S): bars of the world by symbols in the order of `symbols`, prices known or not.

    `mean` is the log return that was planted into each bar, `signal` the pattern's value at its close, `noise_sd` the
    size of its own noise; `factor_sd` is (T, 1 + K), `loadings` (1 + K, S), the market first.
    """

    world: World
    seed: int
    symbols: tuple[str, ...]
    ts_event: tuple[int, ...]
    mean: F64
    signal: F64
    noise_sd: F64
    factor_sd: F64
    loadings: F64
    stressed: Mask
    awake: Mask
    leaky: tuple[str, ...]

    def optimal_ir(self) -> float:
        """Annual information ratio, before costs, of a forecaster who knows the planted means and hedges all factors.

        sqrt(bars a year x mean over bars of the sum over symbols of (mean / noise)^2): Grinold's (1989) fundamental law.
        """
        quality = self.mean / self.noise_sd
        squares = loaded(quality * quality, np.ones((len(self.symbols), 1)))[:, 0]
        return math.sqrt(bars_a_year(self.world) * ordered_mean(squares))

    def expected_ir(self, held: F64) -> float:
        """Annual information ratio, before costs, of `held` (T, S): weights in force during each bar, decided before it.

        What the planted means pay over what the noise costs: no luck in the numerator, and none but the path of the
        weights and of the volatility in the denominator. 0 where nothing is held.
        """
        paid = _rows(held * self.mean)
        exposure = loaded(held, self.loadings.T)
        noise, factors = held * self.noise_sd, exposure * self.factor_sd
        mean = ordered_mean(paid)
        spread = ordered_mean((paid - mean) * (paid - mean))
        variance = ordered_mean(_rows(noise * noise)) + ordered_mean(_rows(factors * factors)) + spread
        return mean / math.sqrt(variance) * math.sqrt(bars_a_year(self.world)) if variance > 0.0 else 0.0

    def information_coefficient(self) -> float:
        """Correlation over all bars and symbols of the signal with the next bar's return net of factors, as planted."""
        before, after = self.signal[:-1], self.mean[1:]
        noise = self.noise_sd[1:]
        cross = ordered_sum((before * after).ravel())
        size = ordered_sum((before * before).ravel()) * ordered_sum((after * after + noise * noise).ravel())
        return cross / math.sqrt(size) if size > 0.0 else 0.0


def _rows(matrix: F64) -> F64:
    return loaded(matrix, np.ones((matrix.shape[1], 1)))[:, 0]


def truth_of(world: World, seed: int) -> Truth:
    """The truth beside `cws.market.worlds.make_world` of the same world and seed."""
    paths, bars, names = paths_of(world, seed), world.bars, symbol_names(world)
    return Truth(
        world, seed, tuple(names), tuple(paths.clock.ts_event[:bars].tolist()), paths.mean[:bars], paths.signal[:bars],
        paths.noise_sd[:bars], paths.factor_sd[:bars], paths.symbols.loadings, paths.stressed[:bars],
        paths.awake[:bars], tuple(names[: world.leak.symbols if world.leak else 0]),
    )  # fmt: skip


def planted_flaws(world: World, seed: int) -> tuple[Placed, ...]:
    """The faults of `cws.market.vendor.world_source`: kind, symbol's column, bar, and the records that bear them."""
    return vendor_file(world, seed).placed


def expected_refusals(world: World, seed: int) -> tuple[Refusal, ...]:
    """Every (record, column, reason) that the recipe's modules must refuse, and no other."""
    return vendor_file(world, seed).refusals
